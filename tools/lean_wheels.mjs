// Make wheels lean: their modules compiled by the Python that will load them, and what
// only serves to build, to test or to type-check them left out.
//
// usage: node lean_wheels.mjs PYODIDE IN OUT   (every wheel of IN is written to OUT)

import { readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, from, to] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${pyodide}/` });
for (const [place, folder] of [["/in", from], ["/out", to]]) {
  python.FS.mkdir(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, place);
}
python.runPython(`
import importlib.util
import re
import warnings
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

warnings.simplefilter("ignore", SyntaxWarning)  # of other people's code
LEFT_OUT = re.compile(
    "(^|/)(tests|sample_data|pdfcorefonts|afm|include)/"
    "|jedi/third_party/(django-stubs|typeshed/third_party)/"
    "|^(?!jedi/).*[.]pyi$|[.](pyx|pxd|tp|c|h|cpp|build)$"
)
SITE = "/lib/python3.14/site-packages/"


def compiled(source, place):
    code = compile(source, SITE + place, "exec", dont_inherit=True)
    return bytes(_code_to_hash_pyc(code, importlib.util.source_hash(source), False))


def make_lean(name):
    with (
        zipfile.ZipFile(f"/in/{name}") as old,
        zipfile.ZipFile(f"/out/{name}", "w") as new,
    ):
        for place in old.namelist():
            if place.endswith("/") or LEFT_OUT.search(place):
                continue
            content = old.read(place)
            if place.endswith(".py"):
                place, content = place + "c", compiled(content, place)
            # A fixed date, so that the same wheel comes out each time.
            new.writestr(zipfile.ZipInfo(place), content, zipfile.ZIP_DEFLATED, 9)
`);
const makeLean = python.globals.get("make_lean");
for (const name of readdirSync(from)) {
  try {
    makeLean(name);
  } catch (error) {
    // Without this Node would print the whole of Pyodide before the message.
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  }
}
