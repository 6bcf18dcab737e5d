package main

import (
	"reflect"
	"strings"
	"time"
)

// module is where what is looked into comes from.
const module = "github.com/m365-operator/m365-operator/"

// takeCensus counts the entries of every map and slice that can be reached from the
// roots, by the field that holds them: "inventory.Tenant.accounts". So what the operator
// remembers is seen without its having to tell, also what nobody has thought of yet.
//
// It looks into our own types, and into controller-runtime's and the identity library's;
// of others it counts what their fields hold, and goes no deeper. Nothing may be at work
// meanwhile: no lock is taken.
func takeCensus(roots ...any) map[string]int {
	c := &census{counts: map[string]int{}, seen: map[visited]bool{}}
	for _, root := range roots {
		c.walk("", reflect.ValueOf(root))
	}
	return c.counts
}

type census struct {
	counts map[string]int
	seen   map[visited]bool
}

// visited is something that is counted once, however many ways lead to it.
type visited struct {
	kind reflect.Type
	at   uintptr
}

func (c *census) walk(field string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && c.first(v) {
			c.walk(field, v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			c.walk(field, v.Elem())
		}
	case reflect.Struct:
		c.walkFields(v)
	case reflect.Map:
		c.walkMap(field, v)
	case reflect.Slice:
		c.walkSlice(field, v)
	case reflect.Array:
		c.walkItems(field, v)
	default: // holds nothing
	}
}

func (c *census) first(v reflect.Value) bool {
	key := visited{v.Type(), v.Pointer()}
	if c.seen[key] {
		return false
	}
	c.seen[key] = true
	return true
}

func (c *census) walkFields(v reflect.Value) {
	deeper := looksInto(v.Type().PkgPath())
	owner, _, _ := strings.Cut(v.Type().String(), "[")
	for i := range v.NumField() {
		name := owner + "." + v.Type().Field(i).Name
		field := v.Field(i)
		switch {
		case deeper:
			c.walk(name, field)
		case field.Kind() == reflect.Map || field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8:
			c.counts[name] += field.Len()
		}
	}
}

func (c *census) walkMap(field string, v reflect.Value) {
	if v.IsNil() || !c.first(v) {
		return
	}
	c.counts[field] += v.Len()
	if !mayHold(v.Type().Elem()) {
		return
	}
	for entries := v.MapRange(); entries.Next(); {
		c.walk(field+"[]", entries.Value())
	}
}

func (c *census) walkSlice(field string, v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return
	}
	c.counts[field] += v.Len()
	c.walkItems(field+"[]", v)
}

func (c *census) walkItems(field string, v reflect.Value) {
	if !mayHold(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		c.walk(field, v.Index(i))
	}
}

// looksInto tells whether a package's types are looked into. What the API server holds
// is counted there.
func looksInto(pkg string) bool {
	if strings.HasPrefix(pkg, module) || pkg == "main" {
		return !strings.HasPrefix(pkg, module+"api/")
	}
	for _, other := range []string{"sigs.k8s.io/controller-runtime/pkg/", "github.com/Azure/", "github.com/AzureAD/"} {
		if strings.HasPrefix(pkg, other) {
			return true
		}
	}
	return false
}

// mayHold tells whether there may be anything to count in values of a type.
func mayHold(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	case reflect.Array:
		return mayHold(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return false
		}
		for field := range t.Fields() {
			if mayHold(field.Type) {
				return true
			}
		}
	default:
	}
	return false
}
