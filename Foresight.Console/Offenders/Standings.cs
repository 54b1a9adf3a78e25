using Foresight.Protocol;

namespace Foresight.Console.Offenders;

public static class Standings
{
    public static int Rank(string level) => OffenderLevels.All.ToList().IndexOf(level);

    /// <param name="level">Null: any.</param>
    /// <param name="reason">Of a strike that still counts; null: any.</param>
    public static IReadOnlyList<OffenderView> Filter(IReadOnlyList<OffenderView> offenders, string? level, string? reason) =>
        [
            .. offenders.Where(offender =>
                (string.IsNullOrEmpty(level) || offender.Level == level)
                && (string.IsNullOrEmpty(reason) || offender.ByReason.ContainsKey(reason))
            ),
        ];

    public static string Meaning(string level) =>
        level switch
        {
            OffenderLevels.Refused => "new orders are refused; cancels are taken",
            OffenderLevels.Capped => "the worth of its open orders is bounded",
            _ => "as everybody",
        };

    public static string Reasons(OffenderView offender) =>
        string.Join(
            ", ",
            offender
                .ByReason.OrderByDescending(reason => reason.Value)
                .ThenBy(reason => reason.Key, StringComparer.Ordinal)
                .Select(reason =>
                    reason.Value == 1
                        ? Live.Format.Words(reason.Key)
                        : $"{Live.Format.Words(reason.Key)} ×{Live.Format.Count(reason.Value)}"
                )
        );
}
