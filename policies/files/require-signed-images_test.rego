package fairway.files.signed_images_test

import rego.v1

import data.fairway.files.signed_images

push := {"run": "docker push x"}

test_signed if {
	count(signed_images.deny) == 0 with input as {"jobs": {"a": {"steps": [push, {"run": "cosign sign --yes x"}]}}}
}

test_not_signed if {
	some result in signed_images.deny with input as {"jobs": {"a": {"steps": [{"uses": "x"}, push]}}}
	result.path == "jobs.a.steps[1]"
}

test_pushed_by_an_action if {
	step := {"uses": "docker/build-push-action@v6", "with": {"push": true}}
	count(signed_images.deny) == 1 with input as {"jobs": {"a": {"steps": [step]}}}
}

test_nothing_is_published if {
	count(signed_images.deny) == 0 with input as {"jobs": {"a": {"steps": [{"run": "make"}]}}}
}
