using Foresight.Console.Live;

namespace Foresight.Console.Problems;

/// <param name="Key">The same for the same problem at every reading, so that its start is known.</param>
/// <param name="Tone"><see cref="Tones.Bad"/> or <see cref="Tones.Watch"/>.</param>
/// <param name="Meaning">What follows from it for traders and for operators.</param>
/// <param name="Href">Where an operator sees more and acts.</param>
/// <param name="Since">Null where it is known by the console's own observation only; the memory then fills it in.</param>
/// <param name="IsOfSource">Something that is shown comes from what does not answer, move or run: it is not live.</param>
public sealed record Problem(
    string Key,
    string Tone,
    string Title,
    string Meaning,
    string Href,
    string Action,
    DateTimeOffset? Since = null,
    bool IsOfSource = false
)
{
    public bool IsBad => Tone == Tones.Bad;
}
