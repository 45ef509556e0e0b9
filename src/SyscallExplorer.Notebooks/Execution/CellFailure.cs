using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.CodeAnalysis;

namespace SyscallExplorer.Notebooks;

/// <summary>Why a cell failed.</summary>
/// <param name="Line">The line in the cell, from 1, or null when it is not known.</param>
/// <param name="Name">The kind of failure, in a word.</param>
/// <param name="Value">What happened, in a sentence.</param>
/// <param name="Traceback">More lines for the reader.</param>
internal sealed record CellFailure(int? Line, string Name, string Value, IReadOnlyList<string> Traceback)
{
    private const int MostErrors = 20;

    /// <summary>What the compiler says of a cell.</summary>
    internal static CellFailure Of(ImmutableArray<Diagnostic> diagnostics, string cellName)
    {
        Diagnostic[] errors = [.. diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).OrderBy(d => d.Location.SourceSpan.Start)];
        Diagnostic first = errors[0];
        string[] lines = [.. errors.Take(MostErrors).Select(e => Describe(e, cellName))];
        return new CellFailure(LineIn(first, cellName), "CompilationError", $"{first.Id}: {first.GetMessage()}", lines);
    }

    /// <summary>An exception that a cell let through.</summary>
    internal static CellFailure Of(Exception exception, string cellName)
    {
        var lines = new List<string>();
        int? line = null;
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            lines.Add($"{(lines.Count > 0 ? "caused by " : "")}{e.GetType().FullName}: {e.Message}");
            foreach (StackFrame frame in new StackTrace(e, fNeedFileInfo: true).GetFrames())
            {
                if (Describe(frame) is not { } text)
                    continue;
                lines.Add("   at " + text);
                if (line is null && frame.GetFileName() == cellName)
                    line = frame.GetFileLineNumber();
            }
        }
        return new CellFailure(line, exception.GetType().FullName!, exception.Message, lines);
    }

    private static string Describe(Diagnostic error, string cellName)
    {
        FileLinePositionSpan span = error.Location.GetLineSpan();
        string where = span.Path == cellName || span.Path.Length == 0 ? "" : $"{span.Path}, ";
        return $"{where}line {span.StartLinePosition.Line + 1}, column {span.StartLinePosition.Character + 1}: {error.Id}: {error.GetMessage()}";
    }

    private static int? LineIn(Diagnostic error, string cellName)
    {
        FileLinePositionSpan span = error.Location.GetLineSpan();
        return span.IsValid && span.Path == cellName ? span.StartLinePosition.Line + 1 : null;
    }

    /// <summary>One frame without paths of this machine; frames of the script engine are none of the reader's business.</summary>
    private static string? Describe(StackFrame frame)
    {
        System.Reflection.MethodBase? method = frame.GetMethod();
        string type = method?.DeclaringType?.FullName ?? "";
        if (method is null || type.StartsWith("Microsoft.CodeAnalysis.", StringComparison.Ordinal) || type.StartsWith("System.Runtime.CompilerServices.", StringComparison.Ordinal)
            || type.StartsWith("System.Runtime.ExceptionServices.", StringComparison.Ordinal) || type.StartsWith(typeof(CellFailure).Namespace!, StringComparison.Ordinal))
            return null;
        string? file = frame.GetFileName();
        bool isCell = file is not null && !Path.IsPathRooted(file);
        string place = isCell ? $" in {file}, line {frame.GetFileLineNumber()}" : "";
        if (!type.StartsWith("Submission#", StringComparison.Ordinal))
            return $"{type}.{method.Name}{place}";
        // The class of a cell has a made-up name; what is nested in it has the author's.
        int nested = type.IndexOf('+', StringComparison.Ordinal);
        return type.Contains("<<Initialize>>", StringComparison.Ordinal) ? $"the cell{place}"
            : nested < 0 ? method.Name + place
            : $"{type[(nested + 1)..]}.{method.Name}{place}";
    }
}
