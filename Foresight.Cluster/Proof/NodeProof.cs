using System.Net.Security;
using System.Numerics;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Cluster.Proof;

/// <summary>
/// Mutual TLS 1.3, in which both sides sign with a key that is derived from the cluster's secret. A certificate is public, so it proves
/// nothing; the handshake does, because it is signed each time with that key. Certificates need no authority, file or renewal, because each
/// process makes its own, with its name and kind in it (docs/decisions/0440).
/// </summary>
public sealed class NodeProof
{
    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";

    private readonly HashSet<string> _accepted;
    private readonly ECDsa _key;
    private readonly string _kind;
    private X509Certificate2 _certificate;

    public NodeProof(ClusterKeys keys, string nodeId, string kind)
    {
        var gateway = keys.For("gateway");
        var pairs = gateway.Ids.Select(id => KeyOf(gateway, id)).ToList();
        _accepted = [.. pairs.Select(pair => InfoOf(new CertificateRequest("CN=any", pair, HashAlgorithmName.SHA256).PublicKey))];
        _key = pairs[0];
        _kind = kind;
        _certificate = Create(nodeId);
    }

    /// <summary>Only later handshakes show the new name; open connections keep the old one.</summary>
    public void Rename(string nodeId) => Volatile.Write(ref _certificate, Create(nodeId));

    /// <summary>
    /// A certificate may be copied, so the result is true only of a peer that completed a handshake with it. Null if it is not
    /// of this cluster, or has no name or kind that a node can have.
    /// </summary>
    public ProvenNode? Read(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 presented || !_accepted.Contains(InfoOf(presented.PublicKey)))
            return null;
        string? name = null;
        string? kind = null;
        foreach (var part in presented.SubjectName.EnumerateRelativeDistinguishedNames())
            if (part.GetSingleElementType().Value is CommonName)
                name = part.GetSingleElementValue();
            else if (part.GetSingleElementType().Value is OrganizationalUnit)
                kind = part.GetSingleElementValue();
        // A name of any length would go into logs and into the record of each node that puts its bearer out.
        return name is not null && NodeIdentity.IsValid(name) && kind is not null && NodeKinds.All.Contains(kind)
            ? new ProvenNode(name, kind)
            : null;
    }

    public SslServerAuthenticationOptions ForServer(Func<ProvenNode, bool> accept) =>
        new()
        {
            ServerCertificate = Volatile.Read(ref _certificate),
            ClientCertificateRequired = true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowRenegotiation = false,
            // Each connection proves both sides again, because a ticket would outlive a node that was put out.
            AllowTlsResume = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Read(certificate) is { } node && accept(node),
        };

    public SslClientAuthenticationOptions ForClient(Func<ProvenNode, bool> accept) =>
        new()
        {
            LocalCertificateSelectionCallback = (_, _, _, _, _) => Volatile.Read(ref _certificate),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Read(certificate) is { } node && accept(node),
        };

    private X509Certificate2 Create(string nodeId)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.Add(OrganizationalUnit, _kind);
        subject.AddCommonName(nodeId);
        var request = new CertificateRequest(subject.Build(), _key, HashAlgorithmName.SHA256);
        // No peer checks the dates, because a node's access ends with another secret.
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        // Read back, because Windows cannot use a key that was never stored.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    /// <summary>With algorithm and curve: the same point of another curve is another key.</summary>
    private static string InfoOf(PublicKey key) => Convert.ToHexString(key.ExportSubjectPublicKeyInfo());

    /// <summary>48 derived bytes modulo the order of the group, so that no private key is noticeably more likely.</summary>
    private static ECDsa KeyOf(PurposeKeys keys, string keyId)
    {
        var order = BigInteger.Parse(
            "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
            System.Globalization.NumberStyles.HexNumber
        );
        var seed = keys.Derive(keyId, "certificate"u8)!;
        var wide = HKDF.Expand(HashAlgorithmName.SHA256, seed, 48, Encoding.ASCII.GetBytes("P-256"));
        var scalar = new BigInteger(wide, isUnsigned: true, isBigEndian: true) % (order - 1) + 1;
        var bytes = new byte[32];
        scalar.TryWriteBytes(bytes.AsSpan(32 - scalar.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = bytes });
    }
}
