using Foresight.Matching.Engine;

namespace Foresight.Matching.Invariants;

internal static class CommandRules
{
    public static IEnumerable<string> Check(Position before, StoredCommand command)
    {
        var at = command.Position;
        if (at.Sequence != before.Sequence + 1)
            yield return $"Command {before.Sequence + 1} is missing: after {before.Sequence} comes {at.Sequence}.";
        if (at.Epoch < before.Epoch)
            yield return $"Command {at.Sequence} is of epoch {at.Epoch}, and the one before it of epoch {before.Epoch}.";
        if (at.AcceptedAt < before.AcceptedAt)
            yield return $"Command {at.Sequence} was accepted at {at.AcceptedAt:O}, before the one before it ({before.AcceptedAt:O}).";
        if ((command.AnswerEpoch, command.AnswerSequence) != (at.Epoch, at.Sequence))
            yield return $"Command {at.Sequence} of epoch {at.Epoch} was answered as ({command.AnswerEpoch}, {command.AnswerSequence}).";
    }

    public static IEnumerable<string> CheckPayload(StoredCommand stored, Command command)
    {
        var at = stored.Position;
        if (command.Sequence != at.Sequence)
            yield return $"Command {at.Sequence} says of itself that it is {command.Sequence}.";
        if (command.Kind != stored.Kind)
            yield return $"Command {at.Sequence} is stored as {stored.Kind} and is {command.Kind}.";
        if (DateTime.UnixEpoch.AddTicks(command.AcceptedAtMicros * TimeSpan.TicksPerMicrosecond) != at.AcceptedAt)
            yield return $"Command {at.Sequence} is stored with another time than it has itself.";
    }
}
