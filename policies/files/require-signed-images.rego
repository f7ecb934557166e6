# METADATA
# title: Whoever publishes an image signs it
# description: A signature by the workflow proves where an image was built; without one anybody with the password of the registry can publish.
# custom:
#   severity: high
#   fix: >-
#     Sign what was pushed by its digest with cosign and keyless identity, for which the job needs the permission id-token write.
#   controls: [CIS-K8s 5.5.1, SOC2 CC8.1, SOC2 CC6.8, PCI-DSS 6.3.2, "NSA-CISA hardening: Building secure container images"]
#   docs: https://github.com/fairway-dev/fairway/blob/main/docs/reference/policies.md#require-signed-images
#   example: |
#     Does not pass:
#
#     ```yaml
#     steps:
#       - run: docker push "$IMAGE"
#     ```
#
#     Passes:
#
#     ```yaml
#     steps:
#       - run: docker push "$IMAGE:$TAG"
#       - run: cosign sign --yes "$IMAGE@$DIGEST"
#     ```
package fairway.files.signed_images

import rego.v1

# Workflows of GitHub and Gitea: what runs in a job, by its steps.
is_workflow if {
	is_object(input.jobs)
	not input.kind
}

pushes(step) if contains(object.get(step, "run", ""), "docker push")

pushes(step) if {
	contains(object.get(step, "uses", ""), "docker/build-push-action")
	step["with"].push == true
}

signs(job) if {
	some step in job.steps
	contains(object.get(step, "run", ""), "cosign sign")
}

deny contains result if {
	is_workflow
	some name, job in input.jobs
	some index, step in job.steps
	pushes(step)
	not signs(job)
	result := {
		"msg": sprintf("the job %s publishes an image and does not sign it", [name]),
		"path": sprintf("jobs.%s.steps[%d]", [name, index]),
	}
}
