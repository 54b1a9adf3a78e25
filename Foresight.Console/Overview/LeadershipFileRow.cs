namespace Foresight.Console.Overview;

/// <summary>A row of the leased resources as a line of a file, with what the list shows of the last take-over.</summary>
public sealed record LeadershipFileRow(string Resource, string? NodeId, long Epoch, DateTimeOffset? Since, double? TookMs)
{
    public static LeadershipFileRow Of(Leadership.Row row) =>
        new(row.Term.Resource, row.Term.NodeId, row.Term.Epoch, row.Term.Since, row.TookMs);
}
