using System.Security.Cryptography;
using System.Text;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Cluster;

/// <summary>
/// The shared secret of a cluster's nodes, which opens the leader's gateway. It has no default, because a known secret would protect
/// nothing.
/// </summary>
public sealed class ClusterSecret
{
    public const string Header = "X-Foresight-Cluster";

    private readonly byte[] _digest;

    public ClusterSecret(string value)
    {
        Value = value;
        _digest = SHA256.HashData(Encoding.UTF8.GetBytes(value));
    }

    public string Value { get; }

    public static ClusterSecret From(IConfiguration configuration) =>
        new(configuration.RequiredSecret("CLUSTER_SECRET", "the nodes of a cluster recognize each other by it"));

    /// <summary>Compares digests in constant time, so that the duration reveals neither the length nor a matching prefix.</summary>
    public bool Matches(string? presented) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), _digest);
}
