"""Trained networks in Brian2: conversion, couplings, back ends."""
