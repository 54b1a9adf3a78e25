using System.Numerics;
using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Simulator.Traders;

/// <summary>Someone with a key. Two orders of one trader never share a salt, also not those of different runs.</summary>
public sealed class Trader(string name, PrivateKey key)
{
    // Decisions repeat with the seed, salts must not: an order that was sent in an earlier run would be a duplicate.
    private readonly ulong _run = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    private long _salts;

    public string Name { get; } = name;
    public PrivateKey Key { get; } = key;
    public Address Address => Key.Address;
    public Holdings Holdings { get; } = new();

    public BigInteger NextSalt() => ((BigInteger)_run << 64) | Interlocked.Increment(ref _salts);

    /// <summary>The traders of a seed: the same keys each time, known to everybody, for development chains only.</summary>
    public static IReadOnlyList<Trader> FromSeed(long seed, int count) =>
        [.. Enumerable.Range(1, count).Select(n => new Trader($"trader-{n}", PrivateKey.OfPhrase(PhraseOf(seed, n))))];

    /// <summary>The text whose hash is the key of trader number <paramref name="n"/>, counted from 1.</summary>
    public static string PhraseOf(long seed, int n) => $"foresight simulator {seed} trader {n}";
}
