// Package graph is Microsoft Graph behind the interfaces of internal/directory, one
// file per capability. Microsoft's SDKs are seen nowhere else.
//
// Every call takes the same way: the budget grants it, a token is at hand or got,
// one HTTP request goes out under a deadline, and its answer or refusal becomes a
// domain type or a directory.Error. Request builders and the error model are the
// SDK's; answers are decoded from their raw bytes into lean types, since the SDK's
// models of ten thousand users cost more than the users.
package graph
