using Foresight.Bench;
using Foresight.Bench.Book;
using Foresight.Bench.Enemy;
using Foresight.Bench.Failover;
using Foresight.Bench.Fanout;
using Foresight.Bench.Ingest;
using Foresight.Bench.Reconcile;
using Foresight.Bench.Recovery;
using Foresight.Bench.Seals;
using Foresight.Bench.Settle;
using Foresight.Bench.Simulate;

// One verb per promise; the file of each verb documents its options, output and exit status.
Dictionary<string, Verb> verbs = new()
{
    ["book"] = new("matching engine: speed and correctness on the matching workload", BookVerb.RunAsync),
    ["book-depth"] = new("matching engine: memory, snapshot time and speed from 1,000 to 1,000,000 resting orders", DepthVerb.RunAsync),
    ["failover"] = new(
        "leadership: how long a fault stops orders, and that none is lost, doubled or written by a leader of the past",
        FailoverVerb.RunAsync
    ),
    ["enemy"] = new("trust: somebody writes anything into Redis under load, and every answer and message stays true", EnemyVerb.RunAsync),
    ["reconcile"] = new(
        "reconciliation: time and memory over many settled trades; injected faults found, none invented or doubled",
        ReconcileVerb.RunAsync
    ),
    ["simulate"] = new("leadership and pipeline: a simulated cluster with faults, one life per seed", SimulateVerb.RunAsync),
    ["settle"] = new(
        "settlement: trades a second on a development chain, gas per match, time from match to final; --firm: that no firm trade fails",
        SettleVerb.RunAsync
    ),
    ["ingest"] = new("order intake: signed orders a second through the public HTTP API, and that none is lost", IngestVerb.RunAsync),
    ["fanout"] = new(
        "market data: messages a second to SignalR clients of two Api nodes, and that every book is right",
        FanoutVerb.RunAsync
    ),
    ["seals"] = new("trust: time to seal and open a message, and to check an order's signature", SealsVerb.RunAsync),
    ["recovery"] = new("leadership: how long a new leader takes to rebuild the engine after a long history", RecoveryVerb.RunAsync),
};

if (args.Length > 0 && verbs.TryGetValue(args[0], out var verb))
{
    try
    {
        return await verb.RunAsync(new Options(args[1..]));
    }
    catch (OptionException e)
    {
        Console.Error.WriteLine($"{args[0]}: {e.Message}");
        return 2;
    }
}

Console.Error.WriteLine("usage: dotnet run -c Release --project bench/Foresight.Bench -- VERB [options]");
foreach (var (name, known) in verbs)
    Console.Error.WriteLine($"  {name, -12} {known.Promise}");
return 2;
