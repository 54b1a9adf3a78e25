using System.Diagnostics;
using Foresight.Bench.Stack;
using Foresight.Chain;

namespace Foresight.Bench.Enemy;

/// <summary>
/// <c>enemy [--seconds N] [--writes R] [--rate R] [--seed N] [--act NAME]</c>: an intruder with the rights of a matching node in Redis, but
/// without the cluster's secret, writes anything, while real signed orders and cancels go through the public API. Exit status 1 if an
/// answer or a message was false, the intruder read a secret, or an order was lost; 2 if only a rate or a time missed its bound (too few
/// writes, a stream silent or orders not taken for too long); else 0.
/// </summary>
internal static class EnemyVerb
{
    private const int Traders = 32;
    private const int FollowedOwners = 8;

    /// <summary>The enemy captures messages before it begins, so that it has something to replay.</summary>
    private static readonly TimeSpan Peace = TimeSpan.FromSeconds(4);

    /// <summary>A silenced stream has to send again within the bound on silences, so the run goes on for longer than that.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(12);

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = (int)options.Number("seconds", 120, 5, 3_600);
        var writes = options.Number("writes", 300, 1, 5_000);
        var rate = options.Number("rate", 60, 1, 1_000);
        var seed = (int)options.Number("seed", 1, 0, int.MaxValue);
        var only = options.OneOf("act", "all", ["all", Act.None.Name, .. Act.All.Select(act => act.Name)]);
        options.RequireNoOthers();

        Console.WriteLine($"starting Postgres, Redis, a chain, two matching nodes and two Api nodes; seed {seed}");
        await using var stack = await TradingStack.StartAsync(new TradingStackOptions(Traders, Markets: 4, Roles: true));
        await stack.StartNodeAsync();
        stack.AddFollower();
        Uri[] apis = [await stack.StartApiAsync(), await stack.StartApiAsync()];
        var loot = new Loot(TradingStack.Secrets);
        await using var gateway = await FakeGateway.StartAsync(loot);
        var followed = stack.Keys.Take(FollowedOwners / 2).Concat(stack.Keys.TakeLast(FollowedOwners / 2)).ToList();
        var witnesses = new List<HubWitness>();
        try
        {
            foreach (var api in apis)
                witnesses.Add(await HubWitness.OpenAsync(stack, api, followed));
            await using var load = new TradingLoad(stack, apis, loot, rate);
            await using var books = new ServedBooks(stack, apis);
            await using var enemy = await RedisEnemy.StartAsync(
                (stack.RedisForMatching, stack.Redis),
                gateway,
                loot,
                (writes, seed),
                (followed[0].Address.ToLowerHex(), () => load.Last)
            );
            await stack.UntilAsync("orders are taken", () => Task.FromResult(load.Acknowledged.Count >= rate));
            await Task.Delay(Peace);

            var phases = await AttackAsync(
                enemy,
                only == "all" ? Act.All : [Act.All.FirstOrDefault(act => act.Name == only, Act.None)],
                seconds
            );
            var ended = Stopwatch.GetTimestamp();
            await Task.Delay(Aftermath);
            await load.FinishAsync();
            await stack.UntilAsync(
                "every client has the last order's place, or 15 s are over",
                () =>
                    Task.FromResult(
                        Stopwatch.GetElapsedTime(ended) > Aftermath + TimeSpan.FromSeconds(15)
                            || witnesses.TrueForAll(one => one.Depth.Any(seen => seen.Message.Sequence >= load.Last.Sequence))
                    )
            );
            // What comes later is not compared, because the journal moves on with each settlement.
            foreach (var witness in witnesses)
                await witness.DisposeAsync();
            var report = await EnemyReport.OfAsync(stack, enemy, load, witnesses, books, phases);
            report.Print();
            return !report.IsTrue ? 1
                : report.IsInTime ? 0
                : 2;
        }
        finally
        {
            foreach (var witness in witnesses)
                await witness.DisposeAsync();
        }
    }

    /// <summary>Half of the time each kind alone, so that a break can be traced to it; the other half all together.</summary>
    private static async Task<IReadOnlyList<Phase>> AttackAsync(RedisEnemy enemy, IReadOnlyList<Act> acts, int seconds)
    {
        var phases = new List<Phase>();
        var alone = TimeSpan.FromSeconds(seconds / 2.0 / acts.Count);
        foreach (var act in acts)
            phases.Add(await PhaseAsync(enemy, act.Name, [act], alone));
        phases.Add(await PhaseAsync(enemy, "all together", acts, TimeSpan.FromSeconds(seconds / 2.0)));
        enemy.Do([]);
        return phases;
    }

    private static async Task<Phase> PhaseAsync(RedisEnemy enemy, string name, IReadOnlyList<Act> acts, TimeSpan duration)
    {
        Console.WriteLine($"{name}: {(acts is [var only] ? only.Meaning : "each kind of act in turn")}; {duration.TotalSeconds:0.0} s");
        var (from, before) = (Stopwatch.GetTimestamp(), enemy.Writes);
        enemy.Do(acts);
        await Task.Delay(duration);
        return new Phase(name, from, Stopwatch.GetTimestamp(), enemy.Writes - before);
    }
}

internal sealed record Phase(string Name, long From, long To, long Writes)
{
    public double Seconds => Stopwatch.GetElapsedTime(From, To).TotalSeconds;
}
