using System.Text.Json;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

internal sealed class LookupResult
{
    public Dictionary<Guid, CommandResult> Requests { get; } = [];
    public HashSet<Hash32> Orders { get; } = [];

    /// <summary>
    /// Orders that the chain will not fill, each with the code of the reason: matching one would cost its counterparty a trade.
    /// </summary>
    public Dictionary<Hash32, string> DeadOrders { get; } = [];
    public Dictionary<(Address Maker, string Key), Hash32> IdempotencyKeys { get; } = [];

    /// <summary>Ids of accounts that are new to this term. Filled only with several shards, which must agree on them.</summary>
    public List<(AccountId Id, Address Address)> Accounts { get; } = [];

    /// <summary>The database's clock. All leaders use it, so that time in the journal does not depend on the clock of a node.</summary>
    public DateTime Now { get; set; }

    /// <summary>
    /// WAL position that covers every row that this look-up has read, because an answer may depend on rows that another writer committed.
    /// </summary>
    public NpgsqlLogSequenceNumber Lsn { get; set; }
}

/// <summary>
/// Reads from the journal, in one round trip per batch, which of its requests, orders and idempotency keys are already known. This makes a
/// retry harmless on any node at any time. With several shards the same round trip assigns ids to new accounts: two leaders must not give
/// one account two ids, nor one id to two accounts.
/// </summary>
/// <param name="numbered">Accounts that have an id already. Null with one shard, whose leader assigns ids by itself.</param>
internal sealed class DuplicateLookup(NpgsqlDataSource database, int shard, HashSet<Address>? numbered)
{
    public async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
    {
        var places = requests.Where(request => request.Command is PlaceOrder).ToList();
        var keyed = places.Where(request => OrderOf(request).IdempotencyKey is not null).ToList();

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        // An idempotency key used for two orders at once can put one request id into two shards. This shard's answer is the one that
        // counts, so it is read last and replaces the other.
        var asked = numbered is null
            ? new NpgsqlBatchCommand("SELECT request_id, result FROM commands WHERE request_id = ANY($1)")
            : new NpgsqlBatchCommand($"SELECT request_id, result FROM commands WHERE request_id = ANY($1) ORDER BY shard = {shard}");
        asked.Parameters.Add(new() { Value = requests.Select(request => request.Command.RequestId).ToArray() });
        batch.BatchCommands.Add(asked);
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand("SELECT order_hash FROM orders WHERE order_hash = ANY($1)")
            {
                Parameters = { new() { Value = places.Select(place => place.OrderHash.ToBytes()).ToArray() } },
            }
        );
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(
                """
                SELECT a.address, o.idempotency_key, o.order_hash
                FROM unnest($1::bytea[], $2::text[]) k(address, key)
                JOIN accounts a ON a.address = k.address
                JOIN orders o ON o.account_id = a.account_id AND o.idempotency_key = k.key
                """
            )
            {
                Parameters =
                {
                    new() { Value = keyed.Select(place => place.Account.ToBytes()).ToArray() },
                    new() { Value = keyed.Select(place => OrderOf(place).IdempotencyKey!).ToArray() },
                },
            }
        );
        batch.BatchCommands.Add(DeadOrders(places));
        var strangers = StrangersIn(requests);
        if (strangers.Length > 0)
            batch.BatchCommands.Add(NumberAccounts(strangers));
        // Last, so that the position covers the rows that the statements before it have read.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT clock_timestamp(), pg_current_wal_insert_lsn()"));
        return await ReadAsync(batch, strangers.Length > 0, cancellationToken);
    }

    /// <summary>
    /// Reads the follower's findings about these orders. They may come from blocks that are not final: refusing an order too early costs
    /// its owner a retry, matching it too late costs the counterparty a trade.
    /// </summary>
    private static NpgsqlBatchCommand DeadOrders(List<QueuedCommand> places) =>
        new(
            $"""
            SELECT p.hash, '{ProblemCodes.CancelledOnChain}'
            FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::text[]) p(hash, maker, market, salt)
            JOIN cancelled_salts s ON s.market_id = p.market AND s.maker = p.maker AND s.salt = p.salt::numeric
            UNION ALL SELECT order_hash, '{ProblemCodes.FilledOnChain}' FROM direct_fills WHERE order_hash = ANY($1)
            """
        )
        {
            Parameters =
            {
                new() { Value = places.Select(place => place.OrderHash.ToBytes()).ToArray() },
                new() { Value = places.Select(place => place.Account.ToBytes()).ToArray() },
                new() { Value = places.Select(place => OrderOf(place).MarketId).ToArray() },
                new() { Value = places.Select(place => OrderOf(place).Salt).ToArray() },
            },
        };

    /// <summary>Inserts account ids without the fence: an id changes nothing that a term decides, and an unused one does no harm.</summary>
    private static NpgsqlBatchCommand NumberAccounts(Address[] strangers) =>
        new("SELECT account_id, address FROM number_accounts($1)")
        {
            Parameters = { new() { Value = strangers.Select(account => account.ToBytes()).ToArray() } },
        };

    private static PlaceOrder OrderOf(QueuedCommand place) => (PlaceOrder)place.Command;

    private Address[] StrangersIn(IReadOnlyList<QueuedCommand> requests) =>
        numbered is null
            ? []
            :
            [
                .. requests
                    .Where(request => request.MakesAccount)
                    .Select(request => request.Account)
                    .Where(account => !numbered.Contains(account))
                    .Distinct(),
            ];

    private async Task<LookupResult> ReadAsync(NpgsqlBatch batch, bool hasStrangers, CancellationToken cancellationToken)
    {
        var known = new LookupResult();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.Requests[reader.GetGuid(0)] = JsonSerializer.Deserialize<CommandResult>(reader.GetString(1), JsonSerializerOptions.Web)!;
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.Orders.Add(new Hash32(reader.GetFieldValue<byte[]>(0)));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.IdempotencyKeys[(new Address(reader.GetFieldValue<byte[]>(0)), reader.GetString(1))] = new Hash32(
                reader.GetFieldValue<byte[]>(2)
            );
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.DeadOrders[new Hash32(reader.GetFieldValue<byte[]>(0))] = reader.GetString(1);
        await reader.NextResultAsync(cancellationToken);
        if (hasStrangers)
        {
            while (await reader.ReadAsync(cancellationToken))
                known.Accounts.Add((new(reader.GetInt32(0)), new Address(reader.GetFieldValue<byte[]>(1))));
            numbered!.UnionWith(known.Accounts.Select(account => account.Address));
            await reader.NextResultAsync(cancellationToken);
        }

        await reader.ReadAsync(cancellationToken);
        known.Now = reader.GetDateTime(0);
        known.Lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(1);
        return known;
    }
}
