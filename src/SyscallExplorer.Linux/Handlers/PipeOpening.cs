namespace SyscallExplorer.Linux;

/// <summary>A FIFO that is being opened and waits for its other end.</summary>
/// <param name="File">The open file that it becomes.</param>
/// <param name="CloseOnExec">FD_CLOEXEC.</param>
/// <param name="Partners">How often the other end had been opened before.</param>
internal sealed record PipeOpening(OpenFile File, bool CloseOnExec, int Partners);

/// <summary>
/// Opening an end of a pipe by a name: a reader waits for a writer and a writer for a reader; O_NONBLOCK has a reader not wait and a writer
/// fail. Pipes that are opened again by /proc/self/fd never wait. man 7 fifo.
/// </summary>
internal sealed class PipeOpener(LinuxMachine machine)
{
    /// <summary>Opens an end, or begins to wait.</summary>
    public long Open(OpenFile file, bool closeOnExec)
    {
        var end = (PipeEnd)file.Object;
        PipeState pipe = machine.Pipes[end.Pipe];
        bool isNonBlocking = (file.Flags & OpenFlags.NonBlocking) != 0;
        bool isAlone = pipe.Fifo is not null && file.MayRead != file.MayWrite && (file.MayRead ? pipe.Writers : pipe.Readers) == 0;
        if (file.Rights == 0 || (isAlone && isNonBlocking && file.MayWrite))
        {
            machine.Pipes.ForgetUnused(end.Pipe);
            return file.Rights == 0 ? -Errno.EINVAL : -Errno.ENXIO;
        }

        machine.Pipes.Open(end.Pipe, file.MayRead, file.MayWrite);
        if (!isAlone)
            return Finish(file, closeOnExec);
        return isNonBlocking
            ? Finish(file with { Object = end with { WritersBefore = pipe.WriterOpens } }, closeOnExec)
            : Wait(new PipeOpening(file, closeOnExec, file.MayRead ? pipe.WriterOpens : pipe.ReaderOpens));
    }

    /// <summary>Goes on with an opening that waited.</summary>
    public long Continue(PipeOpening opening, WakeReason reason)
    {
        OpenFile file = opening.File;
        PipeState pipe = machine.Pipes[((PipeEnd)file.Object).Pipe];
        if ((file.MayRead ? pipe.WriterOpens : pipe.ReaderOpens) != opening.Partners)
            return Finish(file, opening.CloseOnExec);
        if (reason != WakeReason.Interrupted)
            return Wait(opening);
        machine.Pipes.Close(pipe.Number, file.MayRead, file.MayWrite);
        return -Errno.ERESTARTSYS;
    }

    private long Wait(PipeOpening opening)
    {
        var end = (PipeEnd)opening.File.Object;
        string partner = opening.File.MayRead ? "writer" : "reader";
        var wait = new Wait([Pipes.PartnerOf(end.Pipe)], $"a {partner} of {machine.Pipes.Describe(end)}") { Progress = opening, TellsOfSignals = true };
        return machine.Tasks.Block(wait);
    }

    private long Finish(OpenFile file, bool closeOnExec)
    {
        int descriptor = machine.Files.Open(file, closeOnExec);
        if (descriptor < 0)
            machine.Pipes.Close(((PipeEnd)file.Object).Pipe, file.MayRead, file.MayWrite);
        return descriptor;
    }
}
