using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.Chain.Rpc;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

public sealed class TestLeader(NpgsqlDataSource database)
{
    public ConcurrentQueue<LeaderCommand> Commands { get; } = [];

    public ResultStatus? Answer { get; set; }

    public IEnumerable<long> Settled => Commands.OfType<SettleTrade>().Select(c => c.TradeId);

    public IEnumerable<long> Bust => Commands.OfType<BustTrade>().Select(c => c.TradeId);

    public async Task<IReadOnlyList<CommandResult>> SendAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellationToken)
    {
        if (Answer is { } status)
            return [.. commands.Select(c => new CommandResult(c.RequestId, status))];
        foreach (var command in commands)
            Commands.Enqueue(command);
        var closed = commands
            .OfType<SettleTrade>()
            .Select(c => c.TradeId)
            .Concat(commands.OfType<BustTrade>().Select(c => c.TradeId))
            .ToArray();
        await using var close = database.CreateCommand("UPDATE trades SET closed = true WHERE trade_id = ANY ($1)");
        close.Parameters.Add(new() { Value = closed });
        await close.ExecuteNonQueryAsync(cancellationToken);
        return [.. commands.Select(c => new CommandResult(c.RequestId, ResultStatus.Accepted, null, 1, 1))];
    }
}

/// <param name="fault">
/// Called with the method; the returned error is thrown, before the request if <paramref name="after"/> is false, otherwise once the node
/// has executed it.
/// </param>
public sealed class FaultyTransport(NodeClient inner, Func<string, bool> fault, bool after = false) : NodeClient
{
    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var fails = requests.Any(r => fault(r.Method));
        if (fails && !after)
            throw new RpcUnavailableException(requests[0].Method, "a test took the node away");
        var replies = await inner.SendAsync(requests, cancellationToken);
        return fails ? throw new RpcUnavailableException(requests[0].Method, "a test took the answer away") : replies;
    }
}

public sealed class ForgetfulTransport(NodeClient inner) : NodeClient
{
    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var replies = await inner.SendAsync(requests, cancellationToken);
        return
        [
            .. replies.Select(r =>
                r.Method == "eth_getLogs" ? r with { Result = System.Text.Json.JsonDocument.Parse("[]").RootElement } : r
            ),
        ];
    }
}

internal sealed class TestMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose() { }
}
