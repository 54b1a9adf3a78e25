using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>Statements over arrays (unnest), so that their number does not grow with the number of rows.</summary>
internal static class Statements
{
    public static NpgsqlBatchCommand Statement(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var statement = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            statement.Parameters.Add(parameter);
        return statement;
    }

    public static NpgsqlParameter One<T>(T value, NpgsqlDbType type) => new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type };

    public static NpgsqlParameter Array<TRow, TValue>(IReadOnlyCollection<TRow> rows, Func<TRow, TValue> column, NpgsqlDbType type)
    {
        var values = new TValue[rows.Count];
        var i = 0;
        foreach (var row in rows)
            values[i++] = column(row);
        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
