package fairway.files.image_user_test

import rego.v1

import data.fairway.files.image_user

messages(text) := {result.msg | some result in image_user.deny with input as parse_config("dockerfile", text)}

test_a_user_with_a_number_passes if {
	count(messages("FROM a:1 AS build\nUSER root\nFROM scratch\nUSER 65532:65532\n")) == 0
}

test_an_image_made_for_it_passes if {
	count(messages("FROM gcr.io/distroless/static-debian12:nonroot\n")) == 0
}

test_no_user if {
	messages("FROM a:1\nRUN make\n") == {"the image runs as root: its last stage has no USER"}
}

test_back_to_root if {
	messages("FROM a:1\nUSER 1000\nUSER 0:0\n") == {"the image runs as 0:0"}
}

test_other_files_are_left_alone if {
	count(image_user.deny) == 0 with input as {"kind": "Deployment"}
}
