package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/inventory"
)

// shelf holds things in every way there is.
type shelf struct {
	byName map[string]*box
	list   []*box
	any    any
	array  [2]box
	self   *shelf
	bytes  []byte
	text   string
	at     time.Time
	object *v1alpha1.Tenant
	call   func()
}

type box struct{ items []string }

var _ = Describe("The census", func() {
	It("counts what can be reached, each thing once, by the field that holds it", func() {
		shared := &box{items: []string{"a", "b"}}
		root := &shelf{
			byName: map[string]*box{"one": shared, "two": {items: []string{"c"}}}, list: []*box{shared, nil},
			any: &box{items: []string{"d", "e", "f"}}, array: [2]box{{items: []string{"g"}}},
			bytes: make([]byte, 100), text: "text", at: time.Unix(0, 0), call: func() {},
			object: &v1alpha1.Tenant{Spec: v1alpha1.TenantSpec{Safeguards: v1alpha1.Safeguards{Privileged: []string{"p"}}}},
		}
		root.self = root

		Expect(takeCensus(root, root)).To(Equal(map[string]int{
			"main.shelf.byName": 2, "main.shelf.list": 2, "main.box.items": 7,
		}))
	})

	It("looks into the operator's own memory, and counts what others' types hold", func() {
		inventories := inventory.New(inventory.Options{})
		inventories.Tenant(keyOf("contoso"))
		inventories.Tenant(keyOf("fabrikam"))
		limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](time.Second, time.Minute)
		limiter.When("one")

		counts := takeCensus(inventories, limiter)

		Expect(counts).To(HaveKeyWithValue("inventory.Store.tenants", 2))
		Expect(counts).To(HaveKeyWithValue("inventory.Tenant.accounts", 0))
		Expect(counts).To(HaveKeyWithValue("workqueue.TypedItemExponentialFailureRateLimiter.failures", 1))
	})
})
