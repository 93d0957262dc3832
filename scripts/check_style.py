"""The checks of scripts/check-style.sh. Standard library only; every complaint is file:line: what."""

import argparse
import ast
import glob
import os
import re
import subprocess
import sys
from xml.sax.saxutils import quoteattr

CODE = ("src", "include", "tests", "bench")
TEXT = (*CODE, "analysis", "scripts", "docs", "slurm", "sweeps", ".ci", ".")
TEXT_ENDINGS = (".c", ".h", ".py", ".sh", ".md", ".yaml", ".yml", ".toml", ".cff", ".build", ".txt", ".sbatch",
                ".options", ".in", ".1")
ONLY_IN = {"mpi.h": ("farm", "store", "cli"), "hdf5.h": ("store", "cli"), "hdf5_hl.h": ("store",)}
MADE = ("sweep_text.h", "merge_text.h")  # by meson, of the job scripts
MAX_FUNCTION, MAX_FILE, MAX_HEADER, MAX_SCRIPT_LINE = 60, 500, 200, 120
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files(folders, endings):
    """Files below the folders in a fixed order; "." means the root folder alone."""
    for folder in folders:
        for path, below, names in os.walk(folder):
            below[:] = sorted(d for d in below if d not in ("__pycache__", ".git") and folder != ".")
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.normpath(os.path.join(path, name))


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def code_files():
    return list(files(CODE, (".c", ".h")))


def layers():
    """Folders in their order, and {header: folder} of the public headers."""
    order, home = [], {}
    for line in lines_of("scripts/layers.txt"):
        if line and not line.startswith("#"):
            folder, _, headers = line.partition(":")
            order.append(folder)
            home.update({f"linnet/{name}.h": folder for name in headers.split()})
    return order, home


def includes(path):
    """(line number, bracket, name) of every #include."""
    for number, line in enumerate(lines_of(path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def check_format():
    """formatted_by_clang_format_14"""
    paths = code_files()
    if not paths:
        return
    run = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *paths], capture_output=True, text=True,
                         check=False)
    for line in run.stderr.splitlines():
        if ": error: " in line:
            yield line.replace(" [-Wclang-format-violations]", "").replace("error: ", "")


def check_layers():
    """a_folder_includes_only_itself_and_folders_before_it"""
    order, home = layers()
    for path in files(("src", "include"), (".c", ".h")):
        folder = path.split(os.sep)[1] if path.startswith("src") else home.get("linnet/" + os.path.basename(path))
        if folder not in order:
            yield f"{path}:1: its folder is not in scripts/layers.txt"
            continue
        for number, bracket, name in includes(path):
            fault = include_fault(path, folder, bracket, name, order, home)
            if fault:
                yield f"{path}:{number}: {fault}"


def include_fault(path, folder, bracket, name, order, home):
    if bracket == "<":
        allowed = ONLY_IN.get(name)
        return f"<{name}> belongs to {', '.join(allowed)} only" if allowed and folder not in allowed else None
    if not name.startswith("linnet/"):
        beside = os.path.join(os.path.dirname(path), name)
        is_here = "/" not in name and (name in MADE or os.path.exists(beside))
        return None if is_here else f'"{name}" is not in the same folder'
    if name not in home:
        return f'"{name}" is not in scripts/layers.txt'
    if order.index(home[name]) > order.index(folder):
        return f'"{name}" is of {home[name]}, which stands after {folder}'
    return None


def check_layer_list():
    """the_list_of_layers_agrees_with_headers_and_build"""
    order, home = layers()
    for name in home:
        if not os.path.exists(f"include/{name}"):
            yield f"scripts/layers.txt:1: include/{name} does not exist"
    built = re.search(r"foreach folder : \[([^\]]*)\]", "\n".join(lines_of("src/meson.build")))
    if not built or re.findall(r"'(\w+)'", built[1]) != order:
        yield "src/meson.build:2: the folders are not in the order of scripts/layers.txt"


def check_include_order():
    """own_header_then_system_headers_then_our_own"""
    for path in code_files():
        last, last_number = -1, 0
        conditional = conditional_lines(path)
        for number, bracket, name in includes(path):
            if number in conditional:
                continue
            kind = 1 if bracket == "<" else 0 if last < 0 and path.endswith(".c") else 2
            if is_own(path, bracket, name) and kind:
                yield f"{path}:{number}: a file's own header comes first"
            elif kind < last:
                yield f"{path}:{number}: system headers come before ours"
            elif (last, kind) in ((0, 1), (1, 2)) and number == last_number + 1:
                yield f"{path}:{number}: a blank line goes before this group of headers"
            last, last_number = kind, number


def is_own(path, bracket, name):
    stem, ending = os.path.splitext(os.path.basename(path))
    return ending == ".c" and bracket == '"' and name in (f"{stem}.h", f"linnet/{stem}.h")


def conditional_lines(path):
    """Numbers of the lines inside #if, the guard of a header aside."""
    depth, found = -1 if path.endswith(".h") else 0, set()
    for number, line in enumerate(lines_of(path), 1):
        if re.match(r"\s*#\s*if", line):
            depth += 1
        elif re.match(r"\s*#\s*endif", line):
            depth -= 1
        elif depth > 0:
            found.add(number)
    return found


def check_functions():
    """no_function_is_longer_than_60_lines"""
    for path in code_files():
        for start, end, name in functions(path):
            if end - start + 1 > MAX_FUNCTION:
                yield f"{path}:{start}: {name} has {end - start + 1} lines, at most {MAX_FUNCTION}"


def functions(path):
    """(first line, last line, name) of the function bodies; comments and strings are blanked first."""
    with open(path, encoding="utf-8") as file:
        text = blanked(file.read())
    depth, start, head = 0, 0, 0
    for match in re.finditer(r"[{};]", text):
        at, mark = match.start(), match[0]
        if mark == "{":
            if depth == 0:
                start = at
            depth += 1
        elif mark == "}":
            depth -= 1
            signature = text[head:start].strip()
            name = re.search(r"(\w+)\s*\([^=]*\)\s*$", signature)
            if depth == 0 and name:
                yield text.count("\n", 0, head + text[head:].index(signature[0])) + 1, \
                    text.count("\n", 0, at) + 1, name[1]
        if depth == 0:
            head = at + 1


def blanked(text):
    """The text with comments, literals and preprocessor lines replaced by blanks; line ends stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S | re.M)


def check_file_sizes():
    """no_file_is_longer_than_500_lines_no_header_than_200"""
    for path in [*code_files(), *files(("analysis", "scripts"), (".py", ".sh"))]:
        is_table = path.startswith("tests/")  # a header of tests may hold their cases
        limit = MAX_HEADER if path.endswith(".h") and not is_table else MAX_FILE
        size = len(lines_of(path))
        if size > limit:
            yield f"{path}:{limit + 1}: {size} lines, at most {limit}"


def check_symbols(build):
    """every_global_name_begins_with_ln"""
    libraries = sorted(glob.glob(f"{build}/src/*/*.a"))
    if not libraries:
        raise LookupError(f"no libraries in {build or 'build-test-gcc or build'}")
    for library in libraries:
        listing = subprocess.run(["nm", "-g", "--defined-only", library], capture_output=True, text=True, check=True)
        member = ""
        for line in listing.stdout.splitlines():
            if line.endswith(":"):
                member = line[:-1]
            symbol = line.split()[-1] if line and not line.endswith(":") else "ln_"
            if not symbol.startswith("ln_"):
                yield f"{library}({member}):1: global name {symbol} does not begin with ln_"


def check_white_space():
    """no_tabs_no_trailing_blanks_a_final_newline"""
    for path in dict.fromkeys(files(TEXT, TEXT_ENDINGS)):
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                yield f"{path}:{number}: tab"
            if line != line.rstrip():
                yield f"{path}:{number}: blank at the end of the line"
        if text and not text.endswith("\n"):
            yield f"{path}:{text.count(chr(10)) + 1}: no newline at the end"
        if text.endswith("\n\n"):
            yield f"{path}:{text.count(chr(10))}: empty line at the end"


def check_script_lines():
    """lines_of_scripts_fit_in_120_columns"""
    for path in files(("analysis", "scripts"), (".py", ".sh")):
        for number, line in enumerate(lines_of(path), 1):
            if len(line) > MAX_SCRIPT_LINE:
                yield f"{path}:{number}: {len(line)} columns, at most {MAX_SCRIPT_LINE}"


SHELLS = re.compile(r'"(?:/\S*/)?(?:ba|da|k|z)?sh"')  # a literal of C
C_RUNS = re.compile(r"\b(system|popen|wordexp|exec[lv]p?e?|execveat|fexecve|posix_spawnp?)\s*\(")
C_ASKS = os.path.join("src", "base", "ask_program.c")  # the one place where a program is started
PY_RUNS = ("eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pickle.load",
           "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open", "yaml.unsafe_load",
           "yaml.full_load")
SH_RUNS = re.compile(r"(?:^|[;&|({]|\b(?:then|do|else|exec|env)\b)\s*(eval|(?:/\S*/)?(?:ba|da|k|z)?sh\s+-\w*c)\b")


def check_commands():
    """no_command_is_built_from_what_somebody_wrote"""
    for path in code_files():
        yield from c_commands(path)
    for path in files((*CODE, "analysis", "scripts"), (".py",)):
        yield from python_commands(path)
    for path in files(("scripts", "slurm", "bench", ".ci"), (".sh", ".sbatch", "run")):  # tests eval texts of their own
        for number, line in enumerate(lines_of(path), 1):
            match = SH_RUNS.search(line.split(" #")[0])
            if match and not line.lstrip().startswith("#"):
                yield f"{path}:{number}: {match[1]} runs a text as a command"


def c_commands(path):
    with open(path, encoding="utf-8") as file:
        code = blanked(file.read())
    for number, (line, shown) in enumerate(zip(code.split("\n"), lines_of(path)), 1):
        match = C_RUNS.search(line)
        if match and (path != C_ASKS or match[1] in ("system", "popen", "wordexp")):
            yield f"{path}:{number}: {match[1]} starts a program; {C_ASKS} does, without a shell"
        if SHELLS.search(shown) and not line.isspace() and line:
            yield f"{path}:{number}: a shell is named"


def python_commands(path):
    for node in ast.walk(ast.parse("\n".join(lines_of(path)), path)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        is_safe_yaml = "Safe" in given.get("Loader", "") or any("Safe" in ast.unparse(a) for a in node.args[1:])
        if name in PY_RUNS or (name == "yaml.load" and not is_safe_yaml):
            yield f"{path}:{node.lineno}: {name} runs what it reads"
        for key in ("shell", "allow_pickle"):
            if given.get(key, "False") != "False":
                yield f"{path}:{node.lineno}: {key}={given[key]} runs what it reads"


def check_promises():
    """nothing_is_left_to_do_in_the_code"""
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in code_files():
        for number, line in enumerate(lines_of(path), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()}"


def check_example():
    """the_example_in_the_docs_is_the_source"""
    path, example = "docs/adding.md", "src/observe/effective_rank.c"
    with open(path, encoding="utf-8") as page, open(example, encoding="utf-8") as source:
        shown = re.sub(r"(?m)^    ", "", page.read())
        if source.read() not in shown:
            yield f"{path}:1: the observable shown is no longer {example}"


def run(check, *arguments):
    """(name, complaints or None when it could not run)."""
    try:
        return check.__doc__, list(check(*arguments)), ""
    except LookupError as error:
        return check.__doc__, None, str(error)


def write_junit(path, results):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<testsuite name="style" tests="{len(results)}">\n')
        for name, complaints, reason in results:
            inside = f"<skipped message={quoteattr(reason)}/>" if complaints is None else \
                f"<failure message={quoteattr(complaints[0])}/>" if complaints else ""
            file.write(f'<testcase classname="style" name="{name}">{inside}</testcase>\n')
        file.write("</testsuite>\n")


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-style.sh")
    parser.add_argument("--build", metavar="FOLDER")
    parser.add_argument("--junit", metavar="FILE")
    options = parser.parse_args()
    build = options.build or next((b for b in ("build-test-gcc", "build") if glob.glob(f"{b}/src/*/*.a")), "")
    results = [run(check) for check in (
        check_format, check_layers, check_layer_list, check_include_order, check_functions, check_file_sizes,
        check_white_space, check_script_lines, check_promises, check_commands, check_example)]
    results.append(run(check_symbols, build))
    for name, complaints, reason in results:
        if complaints is None:
            print(f"skipped: {name}: {reason}")
        for complaint in complaints or []:
            print(complaint)
    failed = sum(bool(complaints) for _, complaints, _ in results)
    passed = sum(complaints == [] for _, complaints, _ in results)
    if options.junit:
        write_junit(options.junit, results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
