"""Counts tests in JUnit files and prints what failed.

    count_tests.py SUMMARY FILE.xml...    appends "passed failed skipped" to SUMMARY

meson reports every cmocka test and every TAP line as a test case of its own.
"""

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def main():
    summary, files = sys.argv[1], sys.argv[2:]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in files:
        for case in ElementTree.parse(name).iter("testcase"):
            result = outcome(case)
            counts[result] += 1
            if result == "failed":
                print(f"    FAILED {case.get('classname', '')}: {case.get('name')}")
    with open(summary, "a", encoding="utf-8") as file:
        print(counts["passed"], counts["failed"], counts["skipped"], file=file)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
