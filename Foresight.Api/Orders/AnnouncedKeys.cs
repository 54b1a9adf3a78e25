using Dapper;
using Foresight.Chain;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Orders;

/// <summary>
/// Keys that accounts announced at the vault. Whether one is in force is for the leader to decide, which looks it up with the order.
/// </summary>
public sealed class AnnouncedKeys(Database database)
{
    public Task<bool> HasAsync(Address account, Address key, CancellationToken cancellationToken)
    {
        var command = new CommandDefinition(
            "SELECT EXISTS (SELECT FROM signing_keys WHERE address = @account AND key = @key)",
            new { account = account.ToBytes(), key = key.ToBytes() },
            cancellationToken: cancellationToken
        );
        return database.ReadAsync(
            "signing_keys",
            after: null,
            (connection, _) => connection.ExecuteScalarAsync<bool>(command),
            cancellationToken
        );
    }
}
