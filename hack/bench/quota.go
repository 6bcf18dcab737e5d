package main

import "time"

// What an app may write in a tenant
// (https://learn.microsoft.com/graph/throttling-limits).
const (
	quotaWrites = 3000
	quotaWindow = 150 * time.Second
)

// quotaOptimum is the least time that so many writes can take: a full window for every
// quota that is used up before the last of them, and what a machine needs for the rest,
// at so many writes a second.
func quotaOptimum(writes int, perSecond float64) time.Duration {
	if writes <= 0 {
		return 0
	}
	windows := (writes - 1) / quotaWrites
	rest := writes - windows*quotaWrites
	return time.Duration(windows)*quotaWindow + time.Duration(float64(rest)/perSecond*float64(time.Second))
}
