// Make the snapshot of Python's memory from which the page's Python starts.
// usage: node snapshot.mjs PYODIDE FILE
//
// It holds the interpreter and the standard library, no package: compiled modules cannot be in it.

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const LARGEST = 31_457_280; // bytes; a larger memory is not taken back
const [pyodide, file] = process.argv.slice(2);

// Without this Node would print the whole of Pyodide before the message.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

const folder = resolve(pyodide);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${folder}/`, _makeSnapshot: true });
python.runPython(`
import array, ast, base64, calendar, contextlib, copy, ctypes, dataclasses, datetime, enum
import fractions, functools, gzip, hashlib, hmac, html, inspect, io, itertools, json
import linecache, math, numbers, pathlib, pickle, platform, queue, random, re, secrets
import string, symtable, textwrap, time, tokenize, traceback, typing, warnings
import email.message, email.parser, importlib.metadata, importlib.resources
import importlib.metadata._adapters, urllib.parse
`);
const memory = python.makeMemorySnapshot();
if (memory.length > LARGEST + 4224) throw new Error(`the snapshot is too large: ${memory.length} bytes`);
writeFileSync(file, gzipSync(memory, { level: 9 }));
