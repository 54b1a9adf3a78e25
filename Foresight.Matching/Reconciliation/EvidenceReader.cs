using System.Text.Json;
using Dapper;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Reads what an operator who doubts a discrepancy would look up. Stored beside the evidence, which alone decides whether a discrepancy is
/// the same as before.
/// </summary>
public sealed class EvidenceReader(EthereumClient client, NpgsqlDataSource primary)
{
    /// <summary>With more discrepancies in a run, no operator examines them one by one.</summary>
    public const int Limit = 2_000;

    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(IReadOnlyList<Finding> findings, CancellationToken cancellationToken)
    {
        var some = findings
            .Where(f => f.TransactionHash is not null || f.Place is not null || f.Orders.Count > 0)
            .DistinctBy(f => f.NaturalKey)
            .Take(Limit)
            .ToList();
        if (some.Count == 0)
            return new Dictionary<string, string>();
        var hashes = some.Select(TransactionOf).OfType<string>().Distinct().ToList();
        var receipts = hashes
            .Zip(await client.GetTransactionReceiptsAsync([.. hashes.Select(h => Hash32.Parse(h))], cancellationToken))
            .ToDictionary(p => p.First, p => p.Second);
        var headers = new Dictionary<long, BlockHeader?>();
        foreach (var block in receipts.Values.OfType<TransactionReceipt>().Select(r => r.BlockNumber).Distinct().Order())
            headers[block] = await client.GetBlockAsync(block, cancellationToken);
        var orders = await ReadOrdersAsync([.. some.SelectMany(f => f.Orders).Distinct()], cancellationToken);
        return some.ToDictionary(f => f.NaturalKey, f => Write(f, TransactionOf(f) is { } hash ? receipts[hash] : null, headers, orders));
    }

    private static string? TransactionOf(Finding finding) => finding.Place?.TransactionHash ?? finding.TransactionHash;

    private static string Write(
        Finding finding,
        TransactionReceipt? receipt,
        Dictionary<long, BlockHeader?> headers,
        Dictionary<string, object> orders
    )
    {
        var log = finding.Place is { } place ? receipt?.Logs.FirstOrDefault(l => l.Index == place.LogIndex) : null;
        var header = receipt is null ? null : headers[receipt.BlockNumber];
        return JsonSerializer.Serialize(
            new
            {
                log = log is null
                    ? null
                    : new
                    {
                        address = log.Address.ToLowerHex(),
                        topics = log.Topics.Select(t => t.ToString()),
                        data = Hex.Encode(log.Data),
                        logIndex = log.Index,
                    },
                receipt = receipt is null
                    ? null
                    : new
                    {
                        transactionHash = receipt.TransactionHash.ToString(),
                        succeeded = receipt.Succeeded,
                        from = receipt.From.ToLowerHex(),
                        to = receipt.To?.ToLowerHex(),
                        transactionIndex = receipt.TransactionIndex,
                        gasUsed = receipt.GasUsed.ToString(),
                        logs = receipt.Logs.Count,
                    },
                block = header is null
                    ? null
                    : new
                    {
                        number = header.Number,
                        hash = header.Hash.ToString(),
                        parentHash = header.ParentHash.ToString(),
                        at = DateTimeOffset.FromUnixTimeSeconds(header.Timestamp),
                    },
                orders = finding.Orders.Where(orders.ContainsKey).Select(h => orders[h]),
            },
            JsonSerializerOptions.Web
        );
    }

    private async Task<Dictionary<string, object>> ReadOrdersAsync(IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        var orders = new Dictionary<string, object>();
        if (hashes.Count == 0)
            return orders;
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(
            byte[] Hash,
            byte[] Maker,
            int Market,
            short Outcome,
            bool IsBuy,
            int Ticks,
            long Lots,
            string Salt,
            long Expiry,
            byte[] Signature
        )>(
            new CommandDefinition(
                """
                SELECT o.order_hash, a.address, o.market_id, o.outcome, o.is_buy, o.price_ticks, o.quantity_lots, o.salt::text, o.expiry,
                    o.signature
                FROM orders o JOIN accounts a USING (account_id) WHERE o.order_hash = ANY (@hashes)
                """,
                new { hashes = hashes.Select(Hex.Decode).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        foreach (var row in rows)
        {
            var hash = Hex.Encode(row.Hash);
            orders[hash] = new
            {
                orderHash = hash,
                marketId = row.Market,
                maker = Hex.Encode(row.Maker),
                outcomeIndex = row.Outcome,
                isBuy = row.IsBuy,
                price = (row.Ticks * OrderMessage.PricePerTick).ToString(),
                amount = (row.Lots * OrderMessage.AmountPerLot).ToString(),
                salt = row.Salt,
                expiry = row.Expiry.ToString(),
                signature = Hex.Encode(row.Signature),
            };
        }

        return orders;
    }
}
