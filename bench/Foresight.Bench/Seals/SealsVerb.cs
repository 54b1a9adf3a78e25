using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Bench.Seals;

/// <summary>
/// <c>seals [--operations N]</c>: time of sealing and opening a message of 256 bytes and of 4 KB, and of checking an order's signature, in
/// microseconds of one thread, each the best of five runs. The baseline of the same run is SHA-256 of as many bytes. Exit status 0 if
/// everything that was sealed or signed here was believed, and nothing of it with one bit changed.
/// </summary>
internal static class SealsVerb
{
    private const int Runs = 5;
    private const string Channel = RedisSettings.DefaultKeyPrefix + "ws:orders";

    public static Task<int> RunAsync(Options options)
    {
        var operations = (int)options.Number("operations", 20_000, 100, 1_000_000);
        options.RequireNoOthers();

        var small = Messages(256, operations);
        var large = Messages(4_096, operations);
        var signatures = Signatures(operations);
        Console.WriteLine("                        microseconds   SHA-256 of as many bytes   ratio");
        Print("seal 256 bytes", small.SealUs, small.HashUs);
        Print("open 256 bytes", small.OpenUs, small.HashUs);
        Print("seal 4 KB", large.SealUs, large.HashUs);
        Print("open 4 KB", large.OpenUs, large.HashUs);
        Console.WriteLine($"check of an order       {signatures.CheckUs, 12:0.00}");

        var areRight = small.AreRight && large.AreRight && signatures.AreRight;
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    operations,
                    seal_256_us = Math.Round(small.SealUs, 3),
                    open_256_us = Math.Round(small.OpenUs, 3),
                    sha256_256_us = Math.Round(small.HashUs, 3),
                    seal_4096_us = Math.Round(large.SealUs, 3),
                    open_4096_us = Math.Round(large.OpenUs, 3),
                    sha256_4096_us = Math.Round(large.HashUs, 3),
                    check_us = Math.Round(signatures.CheckUs, 2),
                    as_expected = areRight,
                }
            )
        );
        return Task.FromResult(areRight ? 0 : 1);
    }

    private static (double SealUs, double OpenUs, double HashUs, bool AreRight) Messages(int bytes, int operations)
    {
        var keys = new ClusterKeys("a secret of this run and of no other");
        var sender = new NodeIdentity("bench-1", "bench", "1", DateTimeOffset.UtcNow);
        var content = RandomNumberGenerator.GetBytes(bytes);
        var (seal, open, areRight) = (double.MaxValue, double.MaxValue, true);
        for (var run = 0; run < Runs; run++)
        {
            // New ones for each run, because a verifier accepts each counter once.
            var sealer = new MessageSealer(keys, Channel, sender, TimeProvider.System);
            var verifier = new MessageVerifier(keys, Channel, TimeProvider.System);
            var messages = new byte[operations][];
            seal = Math.Min(seal, TimeOf(operations, i => messages[i] = sealer.Seal(content)));
            var opened = 0;
            open = Math.Min(open, TimeOf(operations, i => opened += verifier.Open(messages[i], out _) == SealFault.None ? 1 : 0));
            messages[^1][^1] ^= 1;
            var forged = new MessageVerifier(keys, Channel, TimeProvider.System).Open(messages[^1], out _);
            areRight &= opened == operations && forged == SealFault.Forged;
        }

        var digest = new byte[SHA256.HashSizeInBytes];
        var hash = Enumerable.Range(0, Runs).Min(_ => TimeOf(operations, _ => SHA256.HashData(content, digest)));
        return (seal, open, hash, areRight);
    }

    private static (double CheckUs, bool AreRight) Signatures(int operations)
    {
        var key = PrivateKey.Random();
        var domain = TypedDataDomain.OfMarket(31_337, key.Address);
        var orders = Enumerable.Range(0, 64).Select(i => Order(key.Address, i)).ToArray();
        var signed = orders.Select(order => OrderSigning.Sign(domain, order, key)).ToArray();
        var checks = Math.Max(100, operations / 10);
        var (check, areRight) = (double.MaxValue, true);
        for (var run = 0; run < Runs; run++)
        {
            var valid = 0;
            check = Math.Min(
                check,
                TimeOf(
                    checks,
                    i =>
                    {
                        var digest = OrderSigning.OrderHash(domain, orders[i % orders.Length]);
                        valid += OrderSigning.Check(digest, signed[i % signed.Length], key.Address).IsValid ? 1 : 0;
                    }
                )
            );
            var other = OrderSigning.OrderHash(domain, Order(key.Address, orders.Length));
            areRight &= valid == checks && !OrderSigning.Check(other, signed[0], key.Address).IsValid;
        }

        return (check, areRight);
    }

    private static OrderMessage Order(Address maker, int salt) => OrderMessage.OfUnits(maker, 0, true, 5_000, 100, salt, 0);

    private static double TimeOf(int operations, Action<int> operation)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < operations; i++)
            operation(i);
        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / operations;
    }

    private static void Print(string what, double us, double hashUs) =>
        Console.WriteLine($"{what, -24}{us, 12:0.00}{hashUs, 27:0.00}{us / hashUs, 8:0.0}");
}
