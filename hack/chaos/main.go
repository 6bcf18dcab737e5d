// Command chaos lets thousands of seeded operations and faults loose on the whole
// product, and compares what is left with a model.
package main

func main() {}
