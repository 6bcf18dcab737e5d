// Package skunames knows the names under which Microsoft sells what Graph calls by part
// number.
package skunames

import (
	"strings"
	"sync"
)

// Name is the product name of a SKU, by part number or GUID and without regard to case;
// empty for one that is not well known.
func Name(sku string) string { return byKey()[strings.ToUpper(sku)] }

// product is a line of Microsoft's table.
type product struct{ partNumber, id, name string }

// byKey indexes the table once.
var byKey = sync.OnceValue(func() map[string]string {
	index := map[string]string{}
	for _, p := range products() {
		index[strings.ToUpper(p.partNumber)] = p.name
		if p.id != "" {
			index[strings.ToUpper(p.id)] = p.name
		}
	}
	return index
})
