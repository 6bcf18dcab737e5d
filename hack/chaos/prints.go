package main

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// printed is an object's version, with what tells one from another.
func printed(meta metav1.ObjectMeta, status any) string {
	meta.ManagedFields = nil
	lines, err := json.MarshalIndent(map[string]any{"metadata": meta, "status": status}, "", " ")
	if err != nil {
		return meta.ResourceVersion
	}
	return string(lines)
}

// difference are the lines that only one of two texts has.
func difference(before, after string) string {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	var all []string
	for _, line := range was {
		if !slices.Contains(is, line) {
			all = append(all, "-"+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			all = append(all, "+"+line)
		}
	}
	return strings.Join(all, "\n  ")
}
