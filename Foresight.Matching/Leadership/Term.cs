using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Leadership;

/// <summary>One tenure of one resource. Whoever writes passes it along, and Postgres compares it: see <see cref="Fence"/>.</summary>
/// <param name="Epoch">One more than the tenure before.</param>
/// <param name="Token">Fresh and random: an epoch alone could repeat after a restore of an older database.</param>
public sealed record Term(string Resource, long Epoch, Guid Token, string NodeId);

/// <summary>
/// The outcome of a fenced commit is not known: the connection broke, or the answer did not come in time. Only the next term can know.
/// </summary>
internal sealed class InDoubtException(Exception cause) : Exception($"The outcome of a commit is unknown: {cause.Message}", cause);

/// <summary>
/// The fence: the first statement of EVERY transaction that changes state. It locks the leadership row FOR SHARE, so a take-over either
/// waits for the transaction or makes it fail; there is no moment at which two tenures can write.
/// </summary>
public static class Fence
{
    /// <summary>SQLSTATE of "this term has ended".</summary>
    public const string TermEnded = "FS001";

    public static NpgsqlBatchCommand Assert(Term term) =>
        new("SELECT assert_term($1, $2, $3)")
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = term.Resource, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<long> { TypedValue = term.Epoch, NpgsqlDbType = NpgsqlDbType.Bigint },
                new NpgsqlParameter<Guid> { TypedValue = term.Token, NpgsqlDbType = NpgsqlDbType.Uuid },
            },
        };

    /// <summary>The same, and that the shard's journal ends at this sequence.</summary>
    public static NpgsqlBatchCommand Assert(Term term, int shard, long sequence)
    {
        var command = Assert(term);
        command.CommandText = "SELECT assert_term($1, $2, $3), assert_position($4, $5)";
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)shard, NpgsqlDbType = NpgsqlDbType.Smallint });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sequence, NpgsqlDbType = NpgsqlDbType.Bigint });
        return command;
    }

    /// <summary>True if Postgres said that the term has ended. The writer does not lead any more and must stop.</summary>
    public static bool Refused(Exception error) => error is PostgresException { SqlState: TermEnded };
}
