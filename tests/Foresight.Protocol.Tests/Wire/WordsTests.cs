using System.Reflection;
using Foresight.Protocol;

namespace Foresight.Protocol.Tests.Wire;

/// <summary>Stored in the journal, sent to clients and typed into filters, so none may change.</summary>
public sealed class WordsTests
{
    private static readonly IEnumerable<Type> Vocabularies = typeof(LeaseRecord)
        .Assembly.GetExportedTypes()
        .Where(type => type.IsClass || type.IsEnum)
        .OrderBy(type => type.Name, StringComparer.Ordinal);

    [Fact]
    public void EveryWord_IsSpelledSo() =>
        Golden.Check(
            "words.txt",
            Vocabularies.SelectMany(type => Constants(type).Select(field => $"{type.Name}.{field.Name} {Spelled(field)}"))
        );

    [Fact]
    public void ListOfAllWords_HasEachOnce()
    {
        var lists = Vocabularies.Where(type => type.GetField("All") is not null).ToList();
        Assert.True(lists.Count >= 7, $"{lists.Count} lists");
        foreach (var type in lists)
        {
            var all = (IReadOnlyList<string>)type.GetField("All")!.GetValue(null)!;
            // What operators look after is a subject of decisions too.
            if (type == typeof(DecisionSubjects))
                all = [.. all.Except(Constants(typeof(OperatorSubjects)).Select(Spelled))];
            // "unsettled" is left out, because as a filter it stands for several states.
            var words = Constants(type).Select(field => (string)field.GetRawConstantValue()!).Where(word => word != TradeStates.Unsettled);
            Assert.Equal(words.Order(), all.Order());
        }
    }

    [Fact]
    public void AgesOfDiscrepancies_HaveAnEndEach_ButTheLast()
    {
        Assert.Equal(DiscrepancyAges.All.Count - 1, DiscrepancyAges.Bounds.Count);
        Assert.Equal(DiscrepancyAges.Bounds.Order(), DiscrepancyAges.Bounds);
    }

    [Fact]
    public void WhatWaitsForADecision_IsNeitherResolvedNorIgnored() =>
        Assert.Equal(
            DiscrepancyStates.All.Except([DiscrepancyStates.Resolved, DiscrepancyStates.Ignored]).Order(),
            DiscrepancyStates.Undecided.Order()
        );

    [Fact]
    public void TradeIsUnsettled_UntilItIsFinalOrFailed() =>
        Assert.Equal(
            [TradeStates.Matched, TradeStates.Batched, TradeStates.Broadcast, TradeStates.Mined],
            TradeStates.All.Where(TradeStates.IsUnsettled)
        );

    private static IEnumerable<FieldInfo> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral).OrderBy(field => field.MetadataToken);

    private static string Spelled(FieldInfo field) =>
        Convert.ToString(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture)!;
}
