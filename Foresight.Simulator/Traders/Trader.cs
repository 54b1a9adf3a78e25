using System.Numerics;
using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Simulator.Traders;

/// <summary>A trader with a key. Its orders never share a salt, even across runs.</summary>
public sealed class Trader(string name, PrivateKey key)
{
    // Decisions repeat with the seed, but salts must not: an order of an earlier run would be a duplicate.
    private readonly ulong _run = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    private long _salts;

    public string Name { get; } = name;
    public PrivateKey Key { get; } = key;
    public Address Address => Key.Address;
    public Holdings Holdings { get; } = new();

    public BigInteger NextSalt() => ((BigInteger)_run << 64) | Interlocked.Increment(ref _salts);

    /// <summary>Traders of a seed, always with the same, publicly known keys: for development chains only.</summary>
    public static IReadOnlyList<Trader> FromSeed(long seed, int count) =>
        [.. Enumerable.Range(1, count).Select(n => new Trader($"trader-{n}", PrivateKey.OfPhrase(PhraseOf(seed, n))))];

    /// <summary>Phrase whose hash is the key of trader <paramref name="n"/>, counted from 1.</summary>
    public static string PhraseOf(long seed, int n) => $"foresight simulator {seed} trader {n}";
}
