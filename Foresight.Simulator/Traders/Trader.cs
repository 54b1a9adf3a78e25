using System.Numerics;
using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Simulator.Traders;

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

    /// <summary>For development chains only, because the keys of a seed are always the same and publicly known.</summary>
    public static IReadOnlyList<Trader> FromSeed(long seed, int count) =>
        [.. Enumerable.Range(1, count).Select(n => new Trader($"trader-{n}", PrivateKey.OfPhrase(PhraseOf(seed, n))))];

    public static string PhraseOf(long seed, int n) => $"foresight simulator {seed} trader {n}";
}
