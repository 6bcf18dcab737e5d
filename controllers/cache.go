package controllers

import (
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/kube"
)

// CacheOptions keep the cache lean: of the managed fields, the largest part of a
// small object, it keeps only who owns something under a ManagedUser's spec, and of
// what many ManagedUsers say the same, one copy; and of all ManagedUsers only those of
// the Shard. Tenants are few, and a Shard's users may name another's: all of them are
// kept.
func CacheOptions(shard Shard) cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.ManagedUser{}: {Label: shard.selector(), Transform: userTransform()},
		},
	}
}

// userTransform makes a ManagedUser what is kept of it.
func userTransform() toolscache.TransformFunc {
	shared := &sharedValues{texts: map[string]string{}, lists: map[string][]string{}, labels: map[string]map[string]string{}}
	return func(in any) (any, error) {
		if user, ok := in.(*v1alpha1.ManagedUser); ok {
			user.ManagedFields = kube.SpecOwners(user.ManagedFields)
			shared.slim(user)
		}
		return in, nil
	}
}

// maxShared bounds each kind of shared values; beyond, it starts over. Objects keep what
// they have.
const maxShared = 1 << 14

// sharedValues are those of cached objects that repeat from object to object. Nobody
// changes a cached object, so that its parts can be those of others too.
type sharedValues struct {
	mu     sync.Mutex
	texts  map[string]string
	lists  map[string][]string
	labels map[string]map[string]string
}

// slim has an object share what it says with others that say the same. What is only its
// own, such as names of persons and devices, stays as it is.
func (s *sharedValues) slim(user *v1alpha1.ManagedUser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	share(s, &user.Kind)
	share(s, &user.APIVersion)
	share(s, &user.Namespace)
	s.shareLabels(user)
	for i := range user.ManagedFields {
		share(s, &user.ManagedFields[i].Manager)
		share(s, &user.ManagedFields[i].Operation)
	}
	share(s, &user.Spec.TenantRef.Name)
	share(s, &user.Spec.CreationPolicy)
	share(s, &user.Spec.DeletionPolicy)
	s.slimStatus(&user.Status)
	same(&user.Status.ID, user.Spec.ID)
	same(&user.Status.UserPrincipalName, user.Spec.UserPrincipalName)
	same(&user.Status.Mail, user.Spec.UserPrincipalName)
}

func (s *sharedValues) slimStatus(st *v1alpha1.ManagedUserStatus) {
	share(s, &st.State)
	share(s, &st.Sync)
	share(s, &st.Source)
	share(s, &st.AccountType)
	share(s, &st.JobTitle)
	share(s, &st.Department)
	share(s, &st.UserType)
	share(s, &st.Admin)
	share(s, &st.Licensed)
	share(s, &st.ValidatedDevice)
	if st.OnPremises != nil {
		share(s, &st.OnPremises.Domain)
	}
	if st.MFA != nil {
		share(s, &st.MFA.State)
		share(s, &st.MFA.Reason)
		share(s, &st.MFA.DefaultMethod)
		st.MFA.Methods = s.list(st.MFA.Methods)
	}
	if st.Groups != nil {
		st.Groups.Names = s.list(st.Groups.Names)
	}
	if st.LastSignIn != nil {
		share(s, &st.LastSignIn.Reason)
	}
	s.slimItems(st)
}

func (s *sharedValues) slimItems(st *v1alpha1.ManagedUserStatus) {
	for i := range st.Licenses {
		share(s, &st.Licenses[i].SKU)
		share(s, &st.Licenses[i].Name)
		share(s, &st.Licenses[i].ViaGroup)
	}
	if st.Devices != nil {
		for i := range st.Devices.Items {
			device := &st.Devices.Items[i]
			share(s, &device.OperatingSystem)
			share(s, &device.TrustType)
			share(s, &device.Enabled)
			share(s, &device.Managed)
			share(s, &device.Compliant)
		}
	}
	for i := range st.Conditions {
		s.slimCondition(&st.Conditions[i])
	}
}

// slimCondition leaves messages of trouble alone, which may be as many as objects.
func (s *sharedValues) slimCondition(c *metav1.Condition) {
	share(s, &c.Type)
	share(s, &c.Status)
	share(s, &c.Reason)
	if c.Status == metav1.ConditionTrue {
		share(s, &c.Message)
	}
}

// share puts the one copy of a text in its place.
func share[T ~string](s *sharedValues, text *T) {
	if *text != "" {
		*text = T(s.text(string(*text)))
	}
}

func (s *sharedValues) text(text string) string {
	if known, ok := s.texts[text]; ok {
		return known
	}
	if len(s.texts) >= maxShared {
		clear(s.texts)
	}
	text = strings.Clone(text)
	s.texts[text] = text
	return text
}

// list is the one copy of a list.
func (s *sharedValues) list(items []string) []string {
	if len(items) == 0 {
		return items
	}
	key := strings.Join(items, "\x00")
	if known, ok := s.lists[key]; ok {
		return known
	}
	if len(s.lists) >= maxShared {
		clear(s.lists)
	}
	list := make([]string, len(items))
	for i := range items {
		list[i] = s.text(items[i])
	}
	s.lists[key] = list
	return list
}

// shareLabels has objects that discovery made share their labels: a map takes more
// memory than all that is said of an account's licences and methods.
func (s *sharedValues) shareLabels(user *v1alpha1.ManagedUser) {
	if !isDiscovered(user) {
		return
	}
	key := labels.Set(user.Labels).String()
	known, ok := s.labels[key]
	switch {
	case ok:
		user.Labels = known
	case len(s.labels) < maxShared:
		s.labels[key] = user.Labels
	}
}

// same keeps one copy of a text that an object says twice.
func same(text *string, said string) {
	if *text == said {
		*text = said
	}
}
