using System.Security.Cryptography;
using System.Text;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Cluster;

/// <summary>What the nodes of one cluster know and nobody else does; it opens the leader's gateway. Never has a default.</summary>
public sealed class ClusterSecret
{
    /// <summary>Header that carries it.</summary>
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

    /// <summary>Compares digests, so that the time it takes tells neither the length nor a matching beginning.</summary>
    public bool Matches(string? presented) =>
        presented is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(presented)), _digest);
}
