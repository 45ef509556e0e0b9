namespace SyscallExplorer.Notebooks;

/// <summary>What a code cell asks for besides code.</summary>
/// <param name="Line">The line in the cell, from 1.</param>
internal abstract record Reference(int Line);

/// <summary><c>#r "nuget: Id, Version"</c>.</summary>
internal sealed record PackageReference(int Line, string Id, string? Version) : Reference(Line);

/// <summary><c>#r "file.dll"</c>, or the name of an assembly of the framework.</summary>
internal sealed record AssemblyReference(int Line, string Name) : Reference(Line);

/// <summary><c>#i "nuget: feed"</c>.</summary>
internal sealed record FeedReference(int Line, string Feed) : Reference(Line);

/// <summary>One piece of a cell; its lines keep the numbers that they have in the cell.</summary>
internal abstract record CellStep;

/// <summary>C# code, with directives that the compiler does not know blanked out.</summary>
internal sealed record CodeStep(string Code, IReadOnlyList<Reference> References) : CellStep;

/// <summary>Markdown to show.</summary>
internal sealed record MarkdownStep(string Text) : CellStep;

/// <summary>A code cell taken apart.</summary>
/// <param name="Steps">The pieces in their order.</param>
/// <param name="IsTimed">Whether the cell asks for its wall time.</param>
internal sealed record CellPlan(IReadOnlyList<CellStep> Steps, bool IsTimed);

/// <summary>A line of a cell that the host cannot follow.</summary>
internal sealed class DirectiveException(int line, string message) : Exception(message)
{
    internal int Line { get; } = line;
}
