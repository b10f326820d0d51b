# The peers of the weekly comparison, as R surveillance has them, on one batch of series.
#
# Arguments: counts (n x 312), outbreak cases (n x 80: ten sizes k of eight weeks), first weeks
# (places from 0), the file for the results (4-byte floats, by peer, by k, by series, 49 weeks), and
# whether to run farringtonFlexible, which takes longer than all else (no: its place holds zeros).
# Statistics are free of a threshold, so that one run serves every false-positive rate:
# - earsC: its bounds at two levels give mean and sigma; the statistic is (x - mean) / sigma.
#   C3's bound gives what it carries; its alarm also needs x > 0.
# - farringtonFlexible (setting of Noufaily 2013): -log10 P(X >= x) from its mu0 and phi. Its alarm
#   at `alpha` is P(X >= x) <= alpha. The last 26 weeks are not in its baseline, so the series
#   without the current outbreak gives what it would say up to 26 weeks after that one began.
# - glrnb: in-control mean and alpha are its own fit (two harmonics and trend, before week 576), at
#   least 1e-4 because alpha 0 is another chart. One run for each window M, never alarming (c.ARL
#   1e9): a reset at an alarm is put together from them afterwards, exactly.
# - cusum: the same mean and alpha, trans = "pearsonNegBin"; it has no reset.
suppressMessages(library(surveillance))
arguments <- commandArgs(TRUE)
counts <- as.matrix(read.csv(arguments[1], header = FALSE))
extra <- as.matrix(read.csv(arguments[2], header = FALSE))
start <- scan(arguments[3], quiet = TRUE)
with_farrington <- arguments[5] == "yes"
current <- 264:312
windows <- 0:6
references <- c(1.04, 2, 3)
baselines <- c(7, 14)
own <- asNamespace("surveillance")

fitted_glrnb <- function(series) {
  ask <- function(...) {
    control <- list(range = current, mu0 = list(S = 2, trend = TRUE), c.ARL = 1e9, M = 1, ret = "value", ...)
    suppressMessages(suppressWarnings(own$algo.glrnb(series, control)))$control
  }
  control <- tryCatch(ask(), error = function(e) ask(alpha = 0))
  list(mu0 = control$mu0, alpha = max(control$alpha, 1e-4))
}

ears <- function(sts, x, method, baseline) {
  bound <- function(alpha, method) {
    upperbound(earsC(sts, list(range = current, method = method, baseline = baseline, minSigma = 0.5, alpha = alpha)))
  }
  plain <- if (method == "C3") "C2" else method
  mean <- bound(0.5, plain)
  sigma <- bound(pnorm(-1), plain) - mean
  if (method != "C3") return((x - mean) / sigma)
  z <- qnorm(1 - 1e-15)
  ifelse(x > 0, z - (bound(1e-15, "C3") - x) / sigma, 0)
}

farrington <- function(sts) {
  suppressWarnings(farringtonFlexible(sts, list(
    range = current, b = 5, w = 3, reweight = TRUE, weightsThreshold = 2.58, glmWarnings = FALSE,
    alpha = 0.01, trend = TRUE, pThresholdTrend = 1, limit54 = c(0, 4), powertrans = "2/3",
    noPeriods = 10, pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin"
  )))@control
}

farrington_statistic <- function(found, x) {
  mean <- matrix(found$mu0Vector[, 1], length(current), ncol(x))
  phi <- matrix(found$phiVector[, 1], length(current), ncol(x))
  tail <- ifelse(phi > 1,
    pnbinom(x - 1, size = mean / pmax(phi - 1, 1e-12), prob = 1 / phi, lower.tail = FALSE, log.p = TRUE),
    ppois(x - 1, mean, lower.tail = FALSE, log.p = TRUE))
  ifelse(is.na(tail), 0, -tail / log(10))
}

peers <- length(baselines) * 3 + 1 + length(windows) + length(references)
found <- array(0, c(length(current), nrow(counts), 10, peers))
for (i in seq_len(nrow(counts))) {
  quiet <- sts(observed = as.numeric(counts[i, ]), frequency = 52, start = c(2000, 1))
  usual <- fitted_glrnb(sts2disProg(quiet))
  weeks <- start[i] + 1:8
  all <- matrix(as.numeric(counts[i, ]), length(counts[i, ]), 10)
  all[weeks, ] <- all[weeks, ] + matrix(extra[i, ], 8)
  x <- all[current, ]
  tens <- sts(observed = all, frequency = 52, start = c(2000, 1))
  columns <- list()
  for (method in c("C1", "C2", "C3")) for (baseline in baselines) {
    columns[[length(columns) + 1]] <- ears(tens, x, method, baseline)
  }
  columns[[length(columns) + 1]] <- if (with_farrington) farrington_statistic(farrington(quiet), x) else 0 * x
  each <- lapply(1:10, function(k) sts2disProg(tens[, k]))
  charts <- function(one) columns[[length(columns) + 1]] <<- sapply(each, one)
  control <- list(range = current, mu0 = usual$mu0, alpha = usual$alpha, c.ARL = 1e9, Mtilde = 1, ret = "value")
  for (window in windows) charts(function(one) own$algo.glrnb(one, c(control, M = window))$upperbound)
  for (reference in references) charts(function(one) own$algo.cusum(one, list(range = current,
    m = usual$mu0, k = reference, h = 1e9, trans = "pearsonNegBin", alpha = usual$alpha))$cusum)
  for (peer in seq_len(peers)) found[, i, , peer] <- columns[[peer]]
}
writeBin(as.numeric(found), arguments[4], size = 4)
