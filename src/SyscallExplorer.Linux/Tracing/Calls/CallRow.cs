using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>How a call is written: a row of the tables in this folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">Its arguments in order.</param>
internal sealed record CallRow(string Name, params ImmutableArray<ArgumentKind> Arguments)
{
    /// <summary>How a result that is no error is written.</summary>
    public Action<CallText> Result { get; init; } = Results.Decimal;

    /// <summary>Arguments that depend on others, such as those of <c>fcntl</c>; overrides <see cref="Arguments"/>.</summary>
    public Func<CallText, ImmutableArray<ArgumentKind>>? Choose { get; init; }

    /// <summary>The kinds for one call.</summary>
    public ImmutableArray<ArgumentKind> KindsFor(CallText text) => Choose?.Invoke(text) ?? Arguments;
}
