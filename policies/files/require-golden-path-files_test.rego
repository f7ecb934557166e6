package fairway.files.golden_path_test

import rego.v1

import data.fairway.files.golden_path

complete := [
	"catalog-info.yaml", "README.md", "score.yaml", "Dockerfile", "docs/index.md", "docs/runbook.md",
	".github/workflows/ci.yaml", ".dockerignore",
]

repository(files) := {"apiVersion": "fairway.dev/v1", "kind": "Repository", "spec": {"files": files}}

test_complete if count(golden_path.deny) == 0 with input as repository(complete)

test_no_run_book if {
	files := [file | some file in complete; file != "docs/runbook.md"]
	results := golden_path.deny with input as repository(files)
	{result.msg | some result in results} == {"the run book is missing: docs/runbook.md"}
}

test_a_library_is_left_alone if count(golden_path.deny) == 0 with input as repository(["README.md", "src/lib.rs"])
