// Package sdkspec holds the specs that decode everything graphsim answers with
// Microsoft's own models. It is a package of its own because those models take
// minutes to compile.
package sdkspec
