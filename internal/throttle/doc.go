// Package throttle is the request budget: what may be asked of Microsoft Graph at
// this moment without being throttled.
//
// It never blocks. A call is granted at once, or its caller is told when to come
// back, so that no worker ever waits for Microsoft. Limits of one tenant, of one
// application over all its tenants, and the scarce ones that are served by turns are
// kept together, because Graph counts a call against all of them at once. Limits and
// costs: https://learn.microsoft.com/graph/throttling-limits.
package throttle
