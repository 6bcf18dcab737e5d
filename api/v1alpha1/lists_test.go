package v1alpha1_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
)

// A writer brings the whole of what Git says to the API server.
type writer func(ctx context.Context, object *unstructured.Unstructured) error

// kubectl applies a manifest with the flags given, as a person or a pipeline does.
func kubectl(flags ...string) writer {
	return func(ctx context.Context, object *unstructured.Unstructured) error {
		content, err := json.Marshal(object.Object)
		if err != nil {
			return err
		}
		file := filepath.Join(GinkgoT().TempDir(), "manifest.json")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
		_, err = plane.Kubectl(ctx, "", append([]string{"apply", "--filename=" + file}, flags...)...)
		return err
	}
}

// update replaces what stands, as a typed client does; it also proves that the Go types
// keep an empty list apart from none.
func update(ctx context.Context, object *unstructured.Unstructured) error {
	content, err := json.Marshal(object.Object)
	if err != nil {
		return err
	}
	wanted := &v1alpha1.ManagedUser{}
	if err := json.Unmarshal(content, wanted); err != nil {
		return err
	}
	stored := &v1alpha1.ManagedUser{}
	if err := admin.Get(ctx, client.ObjectKeyFromObject(object), stored); err != nil {
		return client.IgnoreAlreadyExists(admin.Create(ctx, wanted))
	}
	stored.Spec = *wanted.Spec.DeepCopy()
	return admin.Update(ctx, stored)
}

func writers() map[string]writer {
	return map[string]writer{
		"server-side apply":           apply,
		"kubectl apply":               kubectl(),
		"kubectl apply --server-side": kubectl("--server-side", "--field-manager=git"),
		"an update":                   update,
	}
}

// lists are those by which a ManagedUser claims, with two entries each.
func lists() map[string][2]string {
	return map[string][2]string{
		"licenses":       {`{sku: SPE_E3}`, `{sku: SPB}`},
		"groups":         {`{name: Sales}`, `{name: Board}`},
		"applications":   {`{name: Portal, role: User}`, `{name: Portal, role: Admin}`},
		"directoryRoles": {`{name: Helpdesk Administrator}`, `{name: Reports Reader}`},
	}
}

// saying is a manifest with a list as given in YAML; "" leaves the key out.
func saying(user *unstructured.Unstructured, key, list string) *unstructured.Unstructured {
	GinkgoHelper()
	changed := user.DeepCopy()
	if list != "" {
		var content any
		Expect(yaml.Unmarshal([]byte(list), &content)).To(Succeed())
		Expect(unstructured.SetNestedField(changed.Object, content, "spec", key)).To(Succeed())
	}
	return changed
}

// stored is a list as the API server now holds it, and as a typed client reads it.
func stored(ctx context.Context, user *unstructured.Unstructured, key string) (raw any, there bool, typed []byte) {
	GinkgoHelper()
	raw, there = spec(ctx, user)[key]
	read := &v1alpha1.ManagedUser{}
	Expect(admin.Get(ctx, client.ObjectKeyFromObject(user), read)).To(Succeed())
	content, err := json.Marshal(read.Spec)
	Expect(err).NotTo(HaveOccurred())
	var fields map[string]json.RawMessage
	Expect(json.Unmarshal(content, &fields)).To(Succeed())
	return raw, there, fields[key]
}

// Taking off all entries takes away all that is claimed, taking the key away takes
// nothing: the two must never look alike, whoever writes.
var _ = Describe("A list that claims", func() {
	for key, entries := range lists() {
		for name, write := range writers() {
			It("is "+key+", and keeps an empty list apart from none through "+name, func(ctx SpecContext) {
				one, both := "["+entries[0]+"]", "["+entries[0]+", "+entries[1]+"]"
				user := cleaned(manifest("ManagedUser", alice(`allowPrivileged: true`)))

				for _, step := range []struct {
					list string
					is   gomegatypes.GomegaMatcher
				}{
					{both, HaveLen(2)},
					{one, HaveLen(1)},
					{`[]`, BeEmpty()},
					{``, BeNil()},
					{`[]`, BeEmpty()},
					{one, HaveLen(1)},
					{``, BeNil()},
				} {
					By("saying " + key + ": " + step.list)
					Expect(write(ctx, saying(user, key, step.list))).To(Succeed())

					raw, there, typed := stored(ctx, user, key)
					Expect(raw).To(step.is)
					Expect(there).To(Equal(step.list != ""))
					if !there {
						Expect(typed).To(BeNil(), "a typed client writes a key that is not there")
					} else {
						Expect(json.Unmarshal(typed, &raw)).To(Succeed(), "a typed client loses a key that is there")
						Expect(raw).To(step.is)
					}
				}
			})
		}
	}

	It("is not written again by an apply of the same, its defaults included", func(ctx SpecContext) {
		user := cleaned(manifest("ManagedUser", alice(`allowPrivileged: true, licenses: [],
			applications: [{name: Portal}], directoryRoles: [{name: Reports Reader}], groups: [{name: Sales}]`)))
		first, again := user.DeepCopy(), user.DeepCopy()
		Expect(apply(ctx, first)).To(Succeed())
		Expect(apply(ctx, again)).To(Succeed())
		Expect(again.GetResourceVersion()).To(Equal(first.GetResourceVersion()))
		Expect(spec(ctx, user)).To(SatisfyAll(
			HaveKeyWithValue("applications", ConsistOf(map[string]any{"name": "Portal", "role": "Default"})),
			HaveKeyWithValue("directoryRoles", ConsistOf(map[string]any{"name": "Reports Reader", "scope": "/"})),
		))
	})

	It("keeps no plan switched off apart from plans not spoken of", func(ctx SpecContext) {
		user := cleaned(manifest("ManagedUser", userSpec))
		for _, step := range []struct {
			entry string
			is    gomegatypes.GomegaMatcher
		}{
			{`{sku: SPB, disabledPlans: [YAMMER_ENTERPRISE]}`, HaveKeyWithValue("disabledPlans", ConsistOf("YAMMER_ENTERPRISE"))},
			{`{sku: SPB, disabledPlans: []}`, HaveKeyWithValue("disabledPlans", BeEmpty())},
			{`{sku: SPB}`, Not(HaveKey("disabledPlans"))},
		} {
			Expect(apply(ctx, saying(user, "licenses", "["+step.entry+"]"))).To(Succeed())
			raw, _, _ := stored(ctx, user, "licenses")
			Expect(raw).To(ConsistOf(step.is), step.entry)
		}
	})

	It("is of one owner: another's list is a conflict, never a mixture", func(ctx SpecContext) {
		user := applied(ctx, "ManagedUser", alice(`groups: [{name: Sales}]`))
		other := manifest("ManagedUser", alice(`groups: [{name: Board}]`))
		other.SetName(user.GetName())
		err := admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(other), client.FieldOwner("somebody-else"))
		Expect(err).To(MatchError(ContainSubstring(`conflict with "git": .spec.groups`)))
	})
})

var _ = DescribeTable("A key without a value is no list",
	func(ctx SpecContext, write writer, expected gomegatypes.GomegaMatcher, left gomegatypes.GomegaMatcher) {
		user := cleaned(manifest("ManagedUser", userSpec))
		Expect(write(ctx, saying(user, "groups", `[{name: Sales}]`))).To(Succeed())

		valueless := user.DeepCopy()
		valueless.Object["spec"].(map[string]any)["groups"] = nil
		Expect(write(ctx, valueless)).To(expected)

		Expect(spec(ctx, user)["groups"]).To(left)
	},
	Entry("server-side apply refuses it", writer(apply), beRefused("spec.groups", `Invalid value: "null": spec.groups in body must be of type array: "null"`), HaveLen(1)),
	Entry("kubectl apply takes the key away", kubectl(), Succeed(), BeNil()),
)
