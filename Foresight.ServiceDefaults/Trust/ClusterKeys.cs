using System.Security.Cryptography;
using System.Text;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>
/// Nodes recognize by these keys each other and what they leave in Redis. They have no default, because a known key would protect nothing.
/// Two keys are valid during a rotation: the node signs with the first and accepts both.
/// </summary>
public sealed class ClusterKeys
{
    private readonly (string Id, byte[] Secret)[] _keys;

    /// <param name="alsoAccepted">The next or the previous secret, while nodes that sign with it are running.</param>
    public ClusterKeys(string current, string? alsoAccepted = null)
    {
        string?[] secrets = [current, alsoAccepted];
        _keys = [.. secrets.OfType<string>().Distinct().Select(secret => (IdOf(secret), Encoding.UTF8.GetBytes(secret)))];
    }

    public static ClusterKeys From(IConfiguration configuration)
    {
        var current = configuration.RequiredSecret("CLUSTER_SECRET", "the nodes of a cluster recognize each other by it");
        var isRotating = configuration.Optional("CLUSTER_SECRET_ALSO") is not null;
        return new ClusterKeys(
            current,
            isRotating ? configuration.RequiredSecret("CLUSTER_SECRET_ALSO", "it is accepted during a rotation") : null
        );
    }

    /// <summary>What is signed for one purpose proves nothing for another, so a tag cannot be carried from one place to another.</summary>
    public PurposeKeys For(string purpose) => new([.. _keys.Select(key => (key.Id, Derive(key.Secret, purpose)))]);

    private static byte[] Derive(byte[] secret, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, outputLength: 32, info: Encoding.UTF8.GetBytes("foresight " + purpose));

    /// <summary>Names the secret without revealing it: a derived key, of which most is left out.</summary>
    private static string IdOf(string secret) => Convert.ToHexStringLower(Derive(Encoding.UTF8.GetBytes(secret), "key id").AsSpan(0, 4));
}
