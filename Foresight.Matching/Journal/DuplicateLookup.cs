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
    public Dictionary<Guid, StoredCommand> Requests { get; } = [];

    public Dictionary<Hash32, OrderTerms> Orders { get; } = [];

    /// <summary>Matching an order that the chain will not fill would cost its counterparty a trade. The values are problem codes.</summary>
    public Dictionary<Hash32, string> DeadOrders { get; } = [];

    /// <summary>Keys that signed cancels of the batch, and are not their makers' keys now.</summary>
    public HashSet<(Address Maker, Address Key)> KeysNotInForce { get; } = [];

    public Dictionary<(Address Maker, string Key), Hash32> IdempotencyKeys { get; } = [];

    public Dictionary<CancelledSalt, Tombstone> Tombstones { get; } = [];

    public Dictionary<Address, EarlyCancels> Makers { get; } = [];

    /// <summary>True with several shards: the follower then reads from the journal in which of them an order lacked collateral.</summary>
    public bool HasOtherShards { get; init; }

    /// <summary>Filled only with several shards: an account must have the same id in all of them.</summary>
    public List<(AccountId Id, Address Address)> Accounts { get; } = [];

    public OrderLife OrderLife { get; set; }

    /// <summary>The database's clock. All leaders use it, so that time in the journal does not depend on the clock of a node.</summary>
    public DateTime Now { get; set; }

    /// <summary>Covers every row that this look-up has read, because an answer may depend on rows that another writer committed.</summary>
    public NpgsqlLogSequenceNumber Lsn { get; set; }
}

/// <summary>
/// Makes a retry harmless on any node at any time, for one round trip per batch. With several shards the same round trip assigns ids to new
/// accounts: two leaders must not give one account two ids, nor one id to two accounts.
/// </summary>
/// <param name="numbered">Accounts that have an id already. Null with one shard, whose leader assigns ids by itself.</param>
internal sealed class DuplicateLookup(NpgsqlDataSource database, int shard, HashSet<Address>? numbered, int expiryMarginSeconds)
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
            ? new NpgsqlBatchCommand("SELECT request_id, kind, result FROM commands WHERE request_id = ANY($1)")
            : new NpgsqlBatchCommand($"SELECT request_id, kind, result FROM commands WHERE request_id = ANY($1) ORDER BY shard = {shard}");
        asked.Parameters.Add(new() { Value = requests.SelectMany(request => request.Ids).ToArray() });
        batch.BatchCommands.Add(asked);
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(
                "SELECT order_hash, time_in_force, post_only, stp, client_order_id, purse_choice, firm_only FROM orders "
                    + "WHERE order_hash = ANY($1)"
            )
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
        var cancels = requests.Where(request => request.Command is CancelBySalt).ToList();
        if (cancels.Count > 0)
        {
            batch.BatchCommands.Add(TombstoneStatements.Find(cancels));
            batch.BatchCommands.Add(TombstoneStatements.Makers(cancels, shard));
        }

        var byKey = cancels.Where(cancel => cancel.SigningKey is not null).ToList();
        if (byKey.Count > 0)
            batch.BatchCommands.Add(KeysNotInForce(byKey));

        var accounts = AccountsOf(requests);
        foreach (var statement in accounts)
            batch.BatchCommands.Add(statement);
        // Last, so that the position covers the rows that the statements before it have read.
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(
                "SELECT clock_timestamp(), pg_current_wal_insert_lsn(), signed_at, life_seconds, block_time FROM order_life"
            )
        );
        return await ReadAsync(batch, cancels.Count > 0, byKey.Count > 0, accounts.Count, cancellationToken);
    }

    /// <summary>
    /// May find orders dead by blocks that are not final: refusing an order too early costs its owner a retry, matching it too late costs
    /// the counterparty a trade.
    /// </summary>
    private static NpgsqlBatchCommand DeadOrders(List<QueuedCommand> places)
    {
        var statement = new NpgsqlBatchCommand(
            $"""
            SELECT p.hash, '{ProblemCodes.CancelledOnChain}'
            FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::text[]) p(hash, maker, market, salt)
            JOIN cancelled_salts s ON s.market_id = p.market AND s.maker = p.maker AND s.salt = p.salt::numeric
            UNION ALL SELECT p.hash, '{ProblemCodes.SaltCancelled}'
            FROM unnest($1::bytea[], $2::bytea[], $3::int[], $5::bigint[]) p(hash, maker, market, tag)
            JOIN salt_tombstones t ON t.market_id = p.market AND t.maker = p.maker AND t.salt_tag = p.tag
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
                new() { Value = places.Select(place => (long)place.SaltTag).ToArray() },
            },
        };
        var byKey = places.Where(place => place.SigningKey is not null).ToList();
        if (byKey.Count == 0)
            return statement;
        statement.CommandText += $"""

            UNION ALL SELECT p.hash, '{ProblemCodes.SigningKeyNotInForce}'
            FROM unnest($6::bytea[], $7::bytea[], $8::bytea[]) p(hash, maker, key)
            WHERE signing_key_of(p.maker) IS DISTINCT FROM p.key
            """;
        statement.Parameters.Add(new() { Value = byKey.Select(place => place.OrderHash.ToBytes()).ToArray() });
        statement.Parameters.Add(new() { Value = byKey.Select(place => place.Account.ToBytes()).ToArray() });
        statement.Parameters.Add(new() { Value = byKey.Select(place => place.SigningKey!.Value.ToBytes()).ToArray() });
        return statement;
    }

    private static NpgsqlBatchCommand KeysNotInForce(List<QueuedCommand> byKey) =>
        new(
            "SELECT c.maker, c.key FROM unnest($1::bytea[], $2::bytea[]) c(maker, key) WHERE signing_key_of(c.maker) IS DISTINCT FROM c.key"
        )
        {
            Parameters =
            {
                new() { Value = byKey.Select(cancel => cancel.Account.ToBytes()).ToArray() },
                new() { Value = byKey.Select(cancel => cancel.SigningKey!.Value.ToBytes()).ToArray() },
            },
        };

    /// <summary>Not fenced: an account id changes nothing that a term decides, and an unused one does no harm.</summary>
    private static NpgsqlBatchCommand OfAccounts(string sql, Address[] accounts) =>
        new(sql) { Parameters = { new() { Value = accounts.Select(account => account.ToBytes()).ToArray() } } };

    private static PlaceOrder OrderOf(QueuedCommand place) => (PlaceOrder)place.Command;

    /// <summary>
    /// Statements that read the ids of accounts that this leader does not know. Only a fact of the chain numbers an account; the maker of
    /// an order has an id if a fact has given it one through any shard. Else strangers would grow the table and the leaders' memory.
    /// </summary>
    private List<NpgsqlBatchCommand> AccountsOf(IReadOnlyList<QueuedCommand> requests)
    {
        if (numbered is null)
            return [];
        var made = Strangers(request => request.MakesAccount);
        var makers = Strangers(request => request.Command is PlaceOrder).Except(made).ToArray();
        var statements = new List<NpgsqlBatchCommand>();
        if (made.Length > 0)
            statements.Add(OfAccounts("SELECT account_id, address FROM number_accounts($1)", made));
        if (makers.Length > 0)
            statements.Add(OfAccounts("SELECT account_id, address FROM accounts WHERE address = ANY ($1)", makers));
        return statements;

        Address[] Strangers(Func<QueuedCommand, bool> chosen) =>
            [.. requests.Where(chosen).Select(request => request.Account).Where(account => !numbered.Contains(account)).Distinct()];
    }

    private async Task<LookupResult> ReadAsync(
        NpgsqlBatch batch,
        bool hasCancels,
        bool hasCancelsByKey,
        int accountResults,
        CancellationToken cancellationToken
    )
    {
        var known = new LookupResult { HasOtherShards = numbered is not null };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.Requests[reader.GetGuid(0)] = new StoredCommand(
                (CommandKind)reader.GetInt16(1),
                JsonSerializer.Deserialize<CommandResult>(reader.GetString(2), JsonSerializerOptions.Web)!
            );
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.Orders[new Hash32(reader.GetFieldValue<byte[]>(0))] = new OrderTerms(
                reader.GetInt16(1),
                reader.GetBoolean(2),
                reader.GetInt16(3),
                reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetInt16(5),
                reader.GetBoolean(6)
            );
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.IdempotencyKeys[(new Address(reader.GetFieldValue<byte[]>(0)), reader.GetString(1))] = new Hash32(
                reader.GetFieldValue<byte[]>(2)
            );
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.DeadOrders[new Hash32(reader.GetFieldValue<byte[]>(0))] = reader.GetString(1);
        await reader.NextResultAsync(cancellationToken);
        if (hasCancels)
            await ReadCancelsAsync(reader, known, cancellationToken);
        if (hasCancelsByKey)
            await ReadKeysNotInForceAsync(reader, known, cancellationToken);
        for (var result = 0; result < accountResults; result++)
        {
            while (await reader.ReadAsync(cancellationToken))
                known.Accounts.Add((new(reader.GetInt32(0)), new Address(reader.GetFieldValue<byte[]>(1))));
            await reader.NextResultAsync(cancellationToken);
        }

        numbered?.UnionWith(known.Accounts.Select(account => account.Address));
        await reader.ReadAsync(cancellationToken);
        known.Now = reader.GetDateTime(0);
        known.Lsn = reader.GetFieldValue<NpgsqlLogSequenceNumber>(1);
        known.OrderLife = new OrderLife(NumberAt(2), NumberAt(3), NumberAt(4), expiryMarginSeconds);
        return known;

        long? NumberAt(int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);
    }

    private static async Task ReadCancelsAsync(NpgsqlDataReader reader, LookupResult known, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
            known.Tombstones[new(new(reader.GetInt32(0)), new Address(reader.GetFieldValue<byte[]>(1)), (ulong)reader.GetInt64(2))] =
                new Tombstone(reader.GetInt64(3), reader.GetInt64(4), reader.GetBoolean(5), reader.GetInt64(6));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            known.Makers[new Address(reader.GetFieldValue<byte[]>(0))] = new EarlyCancels(
                reader.GetInt32(1),
                reader.GetInt64(2),
                reader.GetBoolean(3)
            );
        await reader.NextResultAsync(cancellationToken);
    }

    private static async Task ReadKeysNotInForceAsync(NpgsqlDataReader reader, LookupResult known, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
            known.KeysNotInForce.Add((new Address(reader.GetFieldValue<byte[]>(0)), new Address(reader.GetFieldValue<byte[]>(1))));
        await reader.NextResultAsync(cancellationToken);
    }
}
