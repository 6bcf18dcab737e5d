package tenancy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/m365-operator/m365-operator/api/v1alpha1"
	"github.com/m365-operator/m365-operator/internal/outcome"
	"github.com/m365-operator/m365-operator/internal/tenancy"
)

const clientID = "6d1f0000-0000-0000-0000-00000000000a"

var _ = Describe("Credentials", func() {
	It("reads a secret, whatever spaces surround it", func() {
		c, err := tenancy.ReadCredentials(secret("n", "s", map[string]string{
			"clientID": strings.ToUpper(clientID) + "\n", "clientSecret": " s3cret\n",
		}), now)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Kind).To(Equal(v1alpha1.CredentialClientSecret))
		Expect(c.ClientID).To(Equal(clientID))
		Expect(c.Expires).To(BeZero())
	})

	It("reads a certificate and when it expires", func() {
		c, err := tenancy.ReadCredentials(secret("n", "s", map[string]string{
			"clientID": clientID, "clientCertificate": rsaPEM(now.Add(-time.Hour), now.Add(time.Hour)),
		}), now)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Kind).To(Equal(v1alpha1.CredentialClientCertificate))
		Expect(c.Expires).To(BeTemporally("==", now.Add(time.Hour)))
	})

	DescribeTable("refuses", func(data func() map[string]string, says string) {
		_, err := tenancy.ReadCredentials(secret("n", "s", data()), now)
		p := problem(err)
		Expect(p.Class).To(Equal(outcome.ClassBlocked))
		Expect(p.Reason).To(Equal(v1alpha1.ReasonInvalidCredentials))
		Expect(p.Message).To(ContainSubstring(says))
		for _, value := range data() {
			if value != "" {
				Expect(err.Error()).NotTo(ContainSubstring(value))
			}
		}
		Expect(err.Error()).NotTo(ContainSubstring("password"), "a key that was found")
	},
		Entry("an empty Secret", func() map[string]string { return nil }, "clientID"),
		Entry("other keys", func() map[string]string { return map[string]string{"password": "hunter2"} }, "clientID"),
		Entry("a name in place of an id", func() map[string]string {
			return map[string]string{"clientID": "my-app", "clientSecret": "hunter2"}
		}, "a GUID"),
		Entry("no key", func() map[string]string { return map[string]string{"clientID": clientID, "clientSecret": " \n"} }, "clientSecret"),
		Entry("two keys", func() map[string]string {
			return map[string]string{"clientID": clientID, "clientSecret": "hunter2", "clientCertificate": "x509"}
		}, "either"),
		Entry("no PEM", func() map[string]string {
			return map[string]string{"clientID": clientID, "clientCertificate": "hunter2"}
		}, "PEM"),
		Entry("a certificate without its key", func() map[string]string {
			cert, _, _ := strings.Cut(rsaPEM(now, now.Add(time.Hour)), "-----BEGIN PRIVATE KEY-----")
			return map[string]string{"clientID": clientID, "clientCertificate": cert}
		}, "PEM"),
		Entry("another certificate's key", func() map[string]string {
			cert, _, _ := strings.Cut(rsaPEM(now, now.Add(time.Hour)), "-----BEGIN PRIVATE KEY-----")
			_, key, _ := strings.Cut(rsaPEM(now, now.Add(time.Hour)), "-----END CERTIFICATE-----\n")
			return map[string]string{"clientID": clientID, "clientCertificate": cert + key}
		}, "belongs to it"),
		Entry("a key that is not RSA", func() map[string]string {
			return map[string]string{"clientID": clientID, "clientCertificate": ecdsaPEM(now, now.Add(time.Hour))}
		}, "RSA"),
		Entry("an expired certificate", func() map[string]string {
			return map[string]string{"clientID": clientID, "clientCertificate": rsaPEM(now.Add(-time.Hour), now)}
		}, "expired"),
		Entry("a certificate of tomorrow", func() map[string]string {
			return map[string]string{"clientID": clientID, "clientCertificate": rsaPEM(now.Add(time.Hour), now.Add(2*time.Hour))}
		}, "not valid yet"),
	)

	It("prints nothing secret", func() {
		for _, data := range []map[string]string{
			{"clientID": clientID, "clientSecret": "hunter2"},
			{"clientID": clientID, "clientCertificate": rsaPEM(now, now.Add(time.Hour))},
		} {
			c, err := tenancy.ReadCredentials(secret("n", "s", data), now)
			Expect(err).NotTo(HaveOccurred())
			text, err := json.Marshal(c)
			Expect(err).NotTo(HaveOccurred())
			all := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", c, c, c, *c, *c, *c, text)
			Expect(all).NotTo(ContainSubstring("hunter2"))
			Expect(all).NotTo(ContainSubstring("PrivateKey"))
			Expect(all).To(ContainSubstring(clientID))
		}
	})
})
