using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Lists;

/// <param name="Name">Of the column in addresses.</param>
public abstract record ListColumn(string Name, string Title)
{
    public string? Hint { get; init; }

    public bool IsNumeric { get; init; }

    /// <summary>A list without the column by which its rows are recognised is of no use, so it cannot be hidden.</summary>
    public bool IsFixed { get; init; }

    /// <summary>Large numbers and late times are looked for first.</summary>
    public bool DescendsFirst { get; init; }

    public string? Class { get; init; }

    /// <summary>Replaces the title in the head.</summary>
    public RenderFragment? Head { get; init; }

    /// <summary>True where the Api sorts, which then delivers the rows in order.</summary>
    public bool IsSortedByApi { get; init; }

    public abstract bool IsSortable { get; }
}

/// <param name="Cell">Plain markup: cells are drawn at every tick, and a component in each would be most of a page's work.</param>
public sealed record ListColumn<T>(string Name, string Title, RenderFragment<T> Cell) : ListColumn(Name, Title)
{
    /// <summary>What the console sorts by, where it has all rows (<see cref="DataList{T}.IsPart"/>).</summary>
    public Func<T, IComparable?>? Key { get; init; }

    public Func<T, string?>? ClassOf { get; init; }

    public Func<T, string?>? Hover { get; init; }

    public override bool IsSortable => IsSortedByApi || Key is not null;
}
