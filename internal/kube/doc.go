// Package kube is how controllers speak to Kubernetes: status written only when it
// changed and only over what the decision was made from, conditions, the records of
// once-only steps, events on transitions, and a source that wakes objects without
// losing their priority.
package kube
