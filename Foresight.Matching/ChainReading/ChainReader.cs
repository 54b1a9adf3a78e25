using Foresight.Chain;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.ChainReading;

public readonly record struct BlockMark(long Number, Hash32 Hash);

public sealed record VerifiedRange(IReadOnlyList<BlockHeader> Headers, IReadOnlyList<EventLog> Logs)
{
    public BlockMark Last => new(Headers[^1].Number, Headers[^1].Hash);
}

/// <summary>
/// The chain changed during the read, or two answers of the node contradict each other. Nothing of the range may be used.
/// </summary>
public sealed class InconsistentChainException(string message) : Exception(message);

/// <summary>A node that lags, forks or omits logs makes the read fail, because its answer would look like a quiet block.</summary>
public sealed class ChainReader(EthereumClient client)
{
    /// <summary>Most halvings of a range that the node rejects as too large: 2^10 brings the 1,000 blocks of a range down to one.</summary>
    private const int MaxSplits = 10;

    /// <param name="before">The block that the range must follow, or a reorganisation has come in between; null if unknown.</param>
    /// <exception cref="InconsistentChainException">The answers contradict each other or the blocks before.</exception>
    /// <exception cref="RpcException">A query failed.</exception>
    public async Task<VerifiedRange> ReadAsync(
        long from,
        long to,
        BlockMark? before,
        IReadOnlyList<Address> addresses,
        IReadOnlyList<Hash32> topics,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await ReadVerifiedAsync(from, to, before, addresses, topics, cancellationToken);
        }
        catch (InconsistentChainException lie)
        {
            // Another endpoint, if there is one, is preferred for a while over the one that contradicted itself.
            client.Distrust(lie.Message);
            throw;
        }
    }

    private async Task<VerifiedRange> ReadVerifiedAsync(
        long from,
        long to,
        BlockMark? before,
        IReadOnlyList<Address> addresses,
        IReadOnlyList<Hash32> topics,
        CancellationToken cancellationToken
    )
    {
        var headers = await client.GetBlocksAsync(from, to, cancellationToken);
        if (before is { } mark && headers[0].ParentHash != mark.Hash)
            throw new InconsistentChainException($"Block {from} does not follow block {mark.Number} as it was read before.");
        for (var i = 1; i < headers.Count; i++)
        {
            if (headers[i].ParentHash != headers[i - 1].Hash)
                throw new InconsistentChainException($"Block {headers[i].Number} does not follow the one before it.");
        }

        var logs = addresses.Count == 0 ? [] : await ReadLogsAsync(from, to, addresses, topics, MaxSplits, cancellationToken);
        foreach (var log in logs)
        {
            if (
                log.BlockNumber < from
                || log.BlockNumber > to
                || log.BlockHash != headers[(int)(log.BlockNumber - from)].Hash
                || log.IsRemoved
            )
                throw new InconsistentChainException(
                    $"A log of block {log.BlockNumber} belongs to a different fork than the block's header."
                );
        }

        await CheckNothingIsLeftOutAsync(headers, logs, addresses, topics, cancellationToken);
        return new VerifiedRange(headers, logs);
    }

    /// <summary>
    /// A node whose log index lags returns an empty list, which looks like a quiet block. The bloom filter of a header shows where a
    /// contract may have logs; if the list has none from there, the receipts of that block decide.
    /// </summary>
    private async Task CheckNothingIsLeftOutAsync(
        IReadOnlyList<BlockHeader> headers,
        IReadOnlyList<EventLog> logs,
        IReadOnlyList<Address> addresses,
        IReadOnlyList<Hash32> topics,
        CancellationToken cancellationToken
    )
    {
        var addressBits = addresses.Select(a => (Address: a, Bits: LogsBloom.Of(a))).ToList();
        var topicBits = topics.Select(LogsBloom.Of).ToList();
        var seen = logs.Select(l => (l.BlockNumber, l.Address)).ToHashSet();
        foreach (var header in headers)
        {
            if (header.LogsBloom is not { } bloom || !topicBits.Exists(t => t.MayBeIn(bloom)))
                continue;
            if (!addressBits.Exists(a => a.Bits.MayBeIn(bloom) && !seen.Contains((header.Number, a.Address))))
                continue;
            var receipts = await client.GetBlockReceiptsAsync(header.Hash, cancellationToken);
            var wanted = receipts
                .SelectMany(r => r.Logs)
                .Count(l => addresses.Contains(l.Address) && l.Topics.Count > 0 && topics.Contains(l.Topics[0]));
            if (wanted != logs.Count(l => l.BlockNumber == header.Number))
                throw new InconsistentChainException($"The node omits logs of block {header.Number}.");
        }
    }

    private async Task<IReadOnlyList<EventLog>> ReadLogsAsync(
        long from,
        long to,
        IReadOnlyList<Address> addresses,
        IReadOnlyList<Hash32> topics,
        int splits,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await client.GetLogsAsync(
                new LogFilter
                {
                    FromBlock = from,
                    ToBlock = to,
                    Addresses = addresses,
                    Topics = [topics],
                },
                cancellationToken
            );
        }
        catch (RpcException refusal)
            when (refusal is not RpcUnavailableException && to > from && splits > 0 && MeansTooMany(refusal.NodeMessage))
        {
            var middle = from + ((to - from) / 2);
            return
            [
                .. await ReadLogsAsync(from, middle, addresses, topics, splits - 1, cancellationToken),
                .. await ReadLogsAsync(middle + 1, to, addresses, topics, splits - 1, cancellationToken),
            ];
        }
    }

    // geth-based providers: "query returned more than 10000 results", "block range too large"; others: "exceeds the limit", "limited to".
    private static bool MeansTooMany(string message) =>
        new[] { "more than", "too large", "limit", "too many", "exceed" }.Any(part =>
            message.Contains(part, StringComparison.OrdinalIgnoreCase)
        );
}
