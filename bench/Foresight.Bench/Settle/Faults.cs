using System.Text.Json.Nodes;
using Foresight.Chain.Rpc;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

/// <summary>Faults of the chain and of our nodes between match and settlement, while every maker leaves.</summary>
internal static class Faults
{
    /// <summary>Longer than the quarter of the delay for which orders are firm without facts of the chain.</summary>
    private static readonly TimeSpan CutOff = TimeSpan.FromSeconds(FirmStack.Delay.Seconds / 3);

    private static readonly TimeSpan Stalled = TimeSpan.FromSeconds(FirmStack.Delay.Seconds * 45 / 100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BlockTime = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<Adversary> All { get; } =
    [
        Of("reorganisation", $"{FirmStack.FinalityBlocks} blocks are undone, with the trades, and makers leave in the next ones") with
        {
            CourseAsync = (_, round, _, trades) => ReorganiseAsync(round, trades),
        },
        Of("settler-killed", "kill -9 of the node that settles, at each of five steps; makers leave") with
        {
            Rounds = SettlerSteps.All().Count,
            CourseAsync = (_, round, number, trades) => KillSettlerAsync(round, number, trades),
        },
        Of("leader-changed", "kill -9 of the leader, and another node leads; makers leave") with
        {
            CourseAsync = (_, round, _, trades) => ChangeLeaderAsync(round, trades),
        },
        Of("follower-cut-off", $"every node is cut off from the chain for {CutOff.TotalSeconds:0} s; makers leave meanwhile") with
        {
            CourseAsync = (_, round, _, trades) => CutOffAsync(round, trades),
        },
        Of("chain-stalled", $"no block for {Stalled.TotalSeconds:0} s, which is less than half of the delay; makers leave") with
        {
            CourseAsync = (_, round, _, trades) => StallAsync(round, trades),
        },
    ];

    private static Adversary Of(string name, string what) =>
        new(name, what, Adversaries.LeaveAsync) { UndoAsync = Adversaries.ReturnAsync };

    private static async Task ReorganiseAsync(Round round, int trades)
    {
        var stack = round.Stack;
        await stack.HoldAsync();
        var snapshot = (await stack.RequestAsync("evm_snapshot")).GetString()!;
        var common = await stack.Stack.Chain.BlockNumberAsync();
        await round.MatchAsync(trades);
        await round.OnTheWayAsync();
        for (var block = 0; block < FirmStack.FinalityBlocks; block++)
        {
            await stack.RequestAsync("evm_mine");
            await Task.Delay(BlockTime);
        }

        await stack.RequestAsync("evm_revert", snapshot);
        await stack.RequestAsync("anvil_dropAllTransactions");
        // The chain's clock went back with its blocks.
        var before = (await stack.Stack.Chain.GetBlockAsync(BlockRef.Latest))!.Timestamp;
        await stack.RequestAsync(
            "evm_setNextBlockTimestamp",
            JsonValue.Create(Math.Max(before + 1, DateTimeOffset.UtcNow.ToUnixTimeSeconds()))
        );
        await Adversaries.LeaveAsync(round);
        for (var block = 0; block <= FirmStack.FinalityBlocks; block++)
            await stack.RequestAsync("evm_mine");
        await stack.ReleaseAsync();
        await FollowedAsync(stack, common + FirmStack.FinalityBlocks + 1);
    }

    private static async Task KillSettlerAsync(Round round, int number, int trades)
    {
        var stack = round.Stack;
        var (step, isThere) = SettlerSteps.All()[number % SettlerSteps.All().Count];
        var killed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new Lock();
        await stack.HoldAsync();
        stack.Proxy.Cut = call =>
        {
            lock (gate)
            {
                if (killed.Task.IsCompleted || !isThere(call))
                    return false;
                stack.Kill(call.Node);
                killed.SetResult(call.Node);
                return true;
            }
        };
        await round.MatchAsync(trades);
        await round.OnTheWayAsync();
        await Adversaries.LeaveAsync(round);
        await stack.ReleaseAsync();
        Console.WriteLine($"  {await killed.Task.WaitAsync(Patience)} killed: {step}");
        stack.Proxy.Cut = null;
        await stack.ReplaceAsync(await killed.Task);
    }

    private static async Task ChangeLeaderAsync(Round round, int trades)
    {
        var stack = round.Stack;
        await stack.HoldAsync();
        await round.MatchAsync(trades);
        await round.OnTheWayAsync();
        await Adversaries.LeaveAsync(round);
        var leader = await stack.HolderAsync(LeasedResources.Matching);
        stack.Kill(leader);
        await stack.ReplaceAsync(leader);
        Console.WriteLine($"  {leader} killed, {await stack.HolderAsync(LeasedResources.Matching)} leads");
        await stack.ReleaseAsync();
    }

    private static async Task CutOffAsync(Round round, int trades)
    {
        var stack = round.Stack;
        await stack.HoldAsync();
        await round.MatchAsync(trades);
        stack.Proxy.Cut = _ => true;
        await Adversaries.LeaveAsync(round);
        await stack.ReleaseAsync();
        await Task.Delay(CutOff);
        if (await round.IsFirmTakenAsync())
            round.Wrong.Add("a firm order was taken without facts of the chain");
        stack.Proxy.Cut = null;
    }

    private static async Task StallAsync(Round round, int trades)
    {
        await round.Stack.HoldAsync();
        await round.MatchAsync(trades);
        await round.OnTheWayAsync();
        await Adversaries.LeaveAsync(round);
        await Task.Delay(Stalled);
        if (await round.IsFirmTakenAsync())
            round.Wrong.Add("a firm order was taken without facts of the chain");
        await round.Stack.ReleaseAsync();
    }

    /// <summary>Until the follower is on the blocks that took the others' place: then what they undid is no longer final.</summary>
    private static Task FollowedAsync(FirmStack stack, long block) =>
        stack.Stack.UntilAsync(
            $"block {block} of the new blocks is followed",
            async () =>
            {
                var cursor = await stack.Stack.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'");
                var hash = await stack.Stack.ScalarAsync<byte[]>("SELECT block_hash FROM chain_cursors WHERE name = 'follower'");
                return cursor >= block
                    && (await stack.Stack.Chain.GetBlockAsync(cursor))?.Hash.ToBytes().AsSpan().SequenceEqual(hash) == true;
            },
            Patience
        );
}
